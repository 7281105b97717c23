"""What each endpoint takes, by its name: a right on what it is about, or to be somebody.

The views of store and files see to it; here it is said, so that it can be read, a test can hold the two together, and an
endpoint that nobody has thought about is refused. ``FOUND`` are searches: everybody may, and finds what they may read.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

__all__ = ["NATIVE", "RULES", "Rule"]

NATIVE: Final = "native"  # stands for every operation of nbtrack's own protocol: the store's view has its rule

Rule: TypeAlias = Literal["ANYBODY", "USER", "FOUND", "READ", "EDIT", "MANAGE", "SELF", "ADMIN"]

_BY_RULE: Final[dict[Rule, str]] = {
    "ANYBODY": "health version openapi",
    # To make an experiment or a model is everybody's right: it is then theirs.
    "USER": "server_info log_spans create_experiment create_registered_model list_users get_current_user",
    "FOUND": "search_experiments search_datasets search_runs search_logged_models search_registered_models "
    "search_model_versions search_traces search_old_traces",
    "READ": "get_experiment get_experiment_by_name get_run get_metric_history get_metric_history_bulk "
    "get_metric_history_bulk_interval list_artifacts get_artifact get_model_version_artifact get_trace_artifact "
    "list_stored_artifacts download_artifact "
    "presigned_download_url presigned_stored_url get_logged_model list_logged_model_artifacts get_registered_model "
    "get_latest_versions get_model_version_by_alias get_model_version get_model_version_download_uri get_trace_info "
    "get_old_trace_info batch_get_trace_infos get_trace batch_get_traces get_assessment get_logged_model_artifact",
    "EDIT": "update_experiment set_experiment_tag delete_experiment_tag create_run update_run log_metric log_param log_batch "
    "log_inputs log_outputs log_model set_tag delete_tag put_artifact upload_artifact presigned_upload_url "
    "create_multipart_upload complete_multipart_upload abort_multipart_upload create_logged_model finalize_logged_model "
    "set_logged_model_tags log_logged_model_params rename_registered_model update_registered_model set_registered_model_tag "
    "delete_registered_model_tag set_registered_model_alias create_model_version update_model_version "
    "transition_model_version_stage set_model_version_tag start_trace start_old_trace end_old_trace set_trace_tag "
    "delete_trace_tag link_traces_to_run create_assessment update_assessment delete_assessment",
    "MANAGE": "delete_experiment restore_experiment delete_run restore_run delete_artifact delete_logged_model "
    "delete_logged_model_tag delete_registered_model delete_registered_model_alias delete_model_version "
    "delete_model_version_tag delete_traces create_experiment_permission get_experiment_permission "
    "update_experiment_permission delete_experiment_permission create_registered_model_permission "
    "get_registered_model_permission update_registered_model_permission delete_registered_model_permission "
    "grant_user_permission revoke_user_permission",
    # Of oneself; of others an administrator, or for a permission whoever manages what it is on.
    "SELF": "get_user update_user_password get_user_permission list_user_permissions",
    "ADMIN": "create_user update_user_admin delete_user",
}

RULES: Final[dict[str, Rule]] = {name: rule for rule, names in _BY_RULE.items() for name in names.split()}
