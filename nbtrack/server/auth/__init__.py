"""Who may do what on a server: users, passwords, tokens, and rights on experiments and registered models.

A request is let in by ``gate``, which finds out who asks (``authentication``) and what that user may do (``access``). Its handler
then is given the store as this user may see it (``store``, ``registry``, ``models``, ``files``): one place for MLflow's API and
nbtrack's own protocol. ``rules`` says of each endpoint what it takes; one that is not in there is refused.
"""
