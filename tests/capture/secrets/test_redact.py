"""Secrets are redacted in every form, and nothing else is changed."""

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbtrack.capture.secrets.names import is_secret_name
from nbtrack.capture.secrets.redact import REDACTED, redact_patterns, redact_text, redact_value


def words(text):
    return text.split()


SECRET_NAMES = words("""
password passwd pwd PASSWORD db_password dbPassword db.password password_prod passphrase client_secret secret secrets secret_key
token hf_token HFToken hfToken access_token ACCESS_TOKEN accessToken refresh_token auth_token X-Auth-Token bot_token GITHUB_TOKEN
api_key apiKey APIKey API_KEY api-key apikey api_keys OPENAI_API_KEY openai_key wandb_key aws_secret_access_key private_key
ssh_key signing_key credential credentials creds auth http_auth basicAuth oauth authorization bearer jwt dsn sentry_dsn cookie
session_cookie connection_string conn_str connection_url
""")
ORDINARY_NAMES = words("""
tokenizer n_tokens max_tokens max_new_tokens tokens token_count token_ids token_type_ids tokens_per_second pad_token eos_token
bos_token_id mask_token cls_token special_token next_token num_token token_dim token_embedding token_dropout author authors
authority key keys sort_key primary_key rng_key key_dim num_keys dict_key pass passes n_passes forward_pass compass passenger
monkey keyboard secretary password_length password_policy token_path secret_name auth_type auth_enabled connection conn lr
learning_rate epochs hidden_sizes λ
""")

FORMS = [
    "AKIAIOSFODNN7EXAMPLE",
    "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "github_pat_11ABCDEFG0aBcDeFgHiJkL_mNoPqRsTuVwXyZ",
    "glpat-aBcDeFgHiJkLmNoPqRsT",
    "hf_aBcDeFgHiJkLmNoPqRsTuVwXyZaBcDeFgH",
    "sk-proj-aBcDeFgHiJkLmNoPq1234RsTuVwXyZ",
    "sk-ant-api03-aBcDeFgHiJkLmNoPqRsTuVwXyZ",
    "sk_live_aBcDeFgHiJkLmNoPqRsTuVwX",
    "xoxb-123456789012-aBcDeFgHiJkL",
    "AIzaSyA-1234567890abcdefghijklmnopqrstu",
    "npm_aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789",
    "dapi0123456789abcdef0123456789abcdef",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",
]


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_names_of_secrets_are_recognised(name):
    assert is_secret_name(name)


@pytest.mark.parametrize("name", ORDINARY_NAMES)
def test_names_common_in_machine_learning_are_not_secret(name):
    assert not is_secret_name(name)


# § stands for a secret.
SHOWING = r"""
password = "§"
password='§'
password: str = "§"
token="§"
"password": "§"
{'api_key': '§', 'n': 1}
d["token"] = "§"
os.environ["HF_TOKEN"] = "§"
os.environ.setdefault("API_KEY", "§")
os.getenv("API_KEY", "§")
cfg.password = f"§"
client(api_key="§", retries=3)
if password == "§":
    --token § --lr 0.1
--token=§
--api-key "§"
run(["--token", "§", "--lr", "1"])
export TOKEN=§
%env API_KEY=§
password: §
user=me password=§ host=db
Server=db;Password=§;Encrypt=yes
https://host/x?token=§&page=2
X-Api-Key: §
"source": ["x = 1\npassword = \"§\"\n"]
+password = '§'
-    password: §
tokenizer = "x?token=§"
https://§@github.com/a
Authorization: Bearer §
Authorization: Basic §
""".strip().splitlines()


@pytest.mark.parametrize(
    "text", [*SHOWING, 'password = (\n    "§"\n)', 'password = """§"""', "password = '''§'''", "a = 1\napi_key: §\n"]
)
def test_a_secret_is_redacted_and_the_rest_is_unchanged(text):
    assert redact_text(text.replace("§", "hunter2-aBc9dEfG7hI")) == text.replace("§", REDACTED)


@pytest.mark.parametrize("userinfo", ["me:pw", "me:p@ss/w@rd", ":pw", "me:1234", "token:x-oauth-basic", "me:$ecret!"])
def test_user_and_password_of_any_url_are_redacted(userinfo):
    assert redact_text(f"open('redis://{userinfo}@cache:6379/0')") == "open('redis://[redacted]@cache:6379/0')"


KEPT = r"""
password = ""
token = get_token()
password = getpass()
login(token=token, password=pw)
f(api_key=settings.api_key)
token = os.environ["TOKEN"]
def f(token: str, password: Optional[str] = None):
    api_key: str
f"postgresql://{user}:{password}@{host}/db"
curl -H "Authorization: Bearer $TOKEN"
for token in tokens:
tokenizer.pad_token = "[PAD]"
tokens/s=512 loss=0.25
columns = ["token", "label"]
http://localhost:8080/lab?a@b
key.startswith("-----BEGIN PRIVATE KEY-----")
token = None
use_auth_token=True
max_tokens = 512
parser.add_argument("--token", "-t", help="of the server")
https://medium.com/@someone/an-article
ssh://host/x
import getpass, secrets
sk-learn and task-specific-words-of-some-length
İİİİİ token = x
""".strip().splitlines()


@pytest.mark.parametrize("text", KEPT)
def test_text_without_secrets_is_unchanged(text):
    assert redact_text(text) == text


@pytest.mark.parametrize("secret", FORMS)
@pytest.mark.parametrize("around", ["{}", "x = '{}'", "see {} there", "https://host/{}/x", '{{"a": "{}"}}', "a\n{}\nb"])
def test_keys_of_known_services_are_redacted_anywhere(secret, around):
    assert redact_text(around.format(secret)) == around.format(REDACTED)
    assert redact_patterns(around.format(secret)) == around.format(REDACTED)


@pytest.mark.parametrize("join", ["\n", "\\n", "\n+", '\\n"\n"'])
def test_private_keys_are_redacted_over_all_lines(join):
    lines = ["-----BEGIN RSA PRIVATE KEY-----", *["MIIEowIBAAKCAQEAuYjUcSP8fX3Sd4nF"] * 4, "-----END RSA PRIVATE KEY-----"]
    assert redact_text(f'x = "{join.join(lines)}"; y = 1') == 'x = "[redacted]"; y = 1'
    unfinished = join.join(lines[:-1])
    assert "MIIE" not in redact_text(unfinished)


def test_certificates_are_not_secret():
    text = "-----BEGIN CERTIFICATE-----\nMIIEowIBAAKCAQEAuYjUcSP8fX3Sd4nF\n-----END CERTIFICATE-----"
    assert redact_text(text) == text


def test_values_of_params_are_judged_by_their_names():
    config = {
        "lr": 0.1,
        "api_key": "abc",
        "db": {"password": 1234, "host": "h"},
        "max_tokens": 5,
        "use_auth_token": True,
        "token": None,
    }
    assert redact_value("config", config) == {
        "lr": 0.1,
        "api_key": REDACTED,
        "db": {"password": REDACTED, "host": "h"},
        "max_tokens": 5,
        "use_auth_token": True,
        "token": None,
    }
    assert redact_value("credentials", {"user": "me", "keys": ["a", "b"]}) == {"user": REDACTED, "keys": [REDACTED, REDACTED]}
    assert redact_value("uri", "postgresql://me:pw@db/x") == "postgresql://[redacted]@db/x"
    assert redact_value("password", "") == ""


secret_texts = st.text(string.ascii_letters + string.digits + "!#%+-_=*/.", min_size=12, max_size=40).filter(
    lambda s: re.search(r"[a-z]", s) and re.search(r"\d", s) and s[0].isalnum() and s[-1].isalnum()
)
# What may stand around an assignment in a cell or a log.
noise = st.text(string.ascii_letters + string.digits + " \n()[]{}:,.=+-#'\"/\\", max_size=60)


@given(
    st.sampled_from([n for n in SECRET_NAMES if n.isidentifier()]),
    secret_texts,
    st.sampled_from(['{n} = "{s}"', "{n}='{s}'", '"{n}": "{s}"', 'x["{n}"] = "{s}"', "f({n}='{s}')", 'X.{n} = r"{s}"']),
    noise,
)
def test_a_planted_secret_never_survives(name, secret, form, after):
    text = "x = 1\n" + form.format(n=name, s=secret) + "\n" + after
    hidden = redact_text(text)
    assert secret not in hidden.removesuffix(after) or secret in after
    assert hidden.startswith("x = 1\n" + form.format(n=name, s=REDACTED))


@given(st.text(string.ascii_letters + string.digits, min_size=6), st.sampled_from(["user", "", "a.b", "x-y"]), noise)
def test_a_planted_password_in_a_url_never_survives(password, user, before):
    url = f"postgresql://{user}:{password}@host/db"
    assert redact_text(f"{before}\n{url}").endswith("postgresql://[redacted]@host/db")


@given(st.text())
def test_redacting_any_text_twice_changes_nothing(text):
    once = redact_text(text)
    assert redact_text(once) == once


@given(st.text(alphabet="pastoken=:\"'\\ \n-[](){}/@.9AKIeyJ#", max_size=300))
def test_text_made_of_significant_characters_can_be_redacted(text):
    redact_text(text)


def test_text_without_names_or_forms_is_unchanged():
    text = "".join(f"epoch {i}: loss={i / 7:.4f} 100%|████| tokenizer n_tokens={i}\n" for i in range(2000))
    assert redact_text(text) is text


@pytest.mark.parametrize("name", ["pw", "db_pw", "dbPass", "MYSQL_PASS", "smtp.pass", "user-pass", "pass"])
def test_short_names_of_passwords_are_recognised(name):
    assert redact_value(name, "hunter2abc") == "[redacted]"
    assert redact_value("db", {name: "hunter2abc", "lr": 1}) == {name: "[redacted]", "lr": 1}
    assert "hunter2abc" not in redact_text(f"config = {{'{name}': 'hunter2abc'}}")


@pytest.mark.parametrize(
    "text", ["try: pass", "case _: pass", "pass: 3", "n_pass='first'", "conv_pw = 'same'", "if x: pass  # 'a'"]
)
def test_passes_over_the_data_are_not_redacted(text):
    assert redact_text(text) == text
    assert redact_value("pass", 3) == 3
