"""Distinguishes names of secrets from those common in machine learning: ``hf_token``, but not ``pad_token`` or ``max_tokens``."""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = ["is_secret_for_texts", "is_secret_name"]


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")

# A name with one of these words is a secret's.
_SECRET = _set(
    "password passwords passwd pwd passphrase passcode secret secrets credential credentials creds cred apikey apikeys authtoken "
    "accesstoken accesskey secretkey privatekey auth oauth authorization bearer jwt dsn connstr cookie cookies"
)
# A name that ends in one of these is about a secret and does not hold it.
_ABOUT = _set(
    "count len length size dim dims limit type types mode name names path file dir strength policy index idx column columns "
    "col cols embedding embeddings prob accuracy loss weight weights rate vocab expiry ttl timeout expires enabled "
    "required layer layers provider method class cls module error errors status"
)
# Ignored at the end of a name: API_KEY_PROD, token_value.
_TAIL = _set("value prod production dev test staging live env default")
# A token after one of these is a part of a text, image or sequence, or a number of them.
_MODEL_TOKEN = _set(
    "pad padding eos bos dist unk unknown sep cls mask special next start end stop begin first last prev previous current per "
    "num n max min total new prompt image img audio video patch class input output target source src tgt distillation oov blank "
    "word sub subword char register decoder encoder forced additional prefix suffix text label query object latent memory "
    "learned extra control each every tokenizer vision speech sentence context"
)
_TOKENS_OF_ACCESS = _set("auth access api refresh bearer session personal")
_KEY_OF = _set(
    "api access private secret encryption decryption signing account storage ssh master service subscription auth session shared "
    "deploy license client admin function openai anthropic wandb mistral cohere groq huggingface hf aws azure gcp google github "
    "gitlab slack stripe neptune comet kaggle databricks"
)
# ``pass`` and ``pw`` mean a password after one of these; otherwise a pass over the data, and pointwise.
_PASSWORD_OF = _set(
    "db database user username root admin smtp ftp sftp mysql postgres postgresql pg redis mongo mongodb email mail imap ldap "
    "ssh sudo login account proxy vpn wifi my"
)


@lru_cache(maxsize=4096)
def is_secret_name(name: str) -> bool:
    """Return whether a variable, key, option or header of this name is expected to hold a secret.

    Names are split into words in any spelling (``api_key``, ``apiKey``, ``API-KEY``), and each part of a dotted name is judged
    alone.
    """
    return any(_is_secret([w.lower() for w in _WORD.findall(part)]) for part in name.split("."))


def is_secret_for_texts(name: str) -> bool:
    """Return whether a string of this name is a secret; unlike a number, this includes the name ``pass``."""
    return name.rpartition(".")[2].strip("'\"-").lower() == "pass" or is_secret_name(name)


def _is_secret(words: list[str]) -> bool:
    while len(words) > 1 and words[-1] in _TAIL:
        words.pop()
    if not words or words[-1] in _ABOUT:
        return False
    return not _SECRET.isdisjoint(words) or _ends_in_secret(words)


def _ends_in_secret(words: list[str]) -> bool:
    before, last = (words[-2] if len(words) > 1 else ""), words[-1]
    if last == "token":
        return before not in _MODEL_TOKEN
    if last in ("pass", "pw"):
        return before in _PASSWORD_OF or (last == "pw" and not before)
    if last == "tokens":
        return before in _TOKENS_OF_ACCESS
    if last in ("key", "keys"):
        return before in _KEY_OF
    return before in ("connection", "conn") and last in ("string", "str", "url", "uri")
