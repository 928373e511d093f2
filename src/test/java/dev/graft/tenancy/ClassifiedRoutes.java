package dev.graft.tenancy;

import java.util.Map;
import java.util.stream.Collectors;

/**
 * Every route of the public API and the scope that opens it, written down a second time: a route
 * that is new, or asks for something else, must be said here too.
 */
public final class ClassifiedRoutes {
  private static final String ROUTES =
      """
      GET    /v1/files                                             api.files.read
      POST   /v1/files                                             api.files.write
      GET    /v1/files/imports                                     api.files.read
      POST   /v1/files/imports                                     api.files.write
      GET    /v1/files/imports/{import}                            api.files.read
      POST   /v1/files/imports/{import}/cancel                     api.files.write
      GET    /v1/files/{id}                                        api.files.read
      GET    /v1/files/{id}/content                                api.files.read
      GET    /v1/files/{id}/report                                 api.files.read
      POST   /v1/files/{id}/convert                                api.files.write
      POST   /v1/files/{id}/remedies                               api.files.write
      DELETE /v1/files/{id}                                        api.files.write
      POST   /v1/uploads                                           api.files.write
      POST   /v1/uploads/{id}/parts                                api.files.write
      POST   /v1/uploads/{id}/complete                             api.files.write
      POST   /v1/uploads/{id}/cancel                               api.files.write
      GET    /v1/fine_tuning/jobs                                  api.fine_tuning.read
      POST   /v1/fine_tuning/preview                               api.fine_tuning.write
      POST   /v1/fine_tuning/quotes                                api.fine_tuning.write
      POST   /v1/fine_tuning/jobs                                  api.fine_tuning.write
      GET    /v1/fine_tuning/jobs/{id}                             api.fine_tuning.read
      GET    /v1/fine_tuning/jobs/{id}/events                      api.fine_tuning.read
      GET    /v1/fine_tuning/jobs/{id}/events/stream               api.fine_tuning.read
      GET    /v1/fine_tuning/jobs/{id}/checkpoints                 api.fine_tuning.read
      POST   /v1/fine_tuning/jobs/{id}/cancel                      api.fine_tuning.write
      POST   /v1/fine_tuning/jobs/{id}/pause                       api.fine_tuning.write
      POST   /v1/fine_tuning/jobs/{id}/resume                      api.fine_tuning.write
      POST   /v1/fine_tuning/jobs/{id}/approve                     api.project.write
      POST   /v1/fine_tuning/jobs/{id}/reject                      api.project.write
      GET    /v1/fine_tuning/checkpoints/{checkpoint}/permissions  api.organization.read
      POST   /v1/fine_tuning/checkpoints/{checkpoint}/permissions  api.organization.write
      DELETE /v1/fine_tuning/checkpoints/{checkpoint}/permissions/{permission} api.organization.write
      GET    /v1/base_model_suggestions                            api.project.read
      GET    /v1/base_models                                       api.organization.read
      POST   /v1/base_models                                       api.organization.write
      GET    /v1/base_model_imports                                api.organization.read
      GET    /v1/base_model_imports/{import}                       api.organization.read
      POST   /v1/base_model_imports/{import}/cancel                api.organization.write
      GET    /v1/base_models/{base_model}                          api.organization.read
      POST   /v1/base_models/{base_model}                          api.organization.write
      DELETE /v1/base_models/{base_model}                          api.organization.write
      GET    /v1/adapter_configs                                   api.fine_tuning.read
      POST   /v1/adapter_configs                                   api.fine_tuning.write
      POST   /v1/adapter_configs/validate                          api.fine_tuning.write
      GET    /v1/adapter_configs/schema                            api.fine_tuning.read
      GET    /v1/adapter_configs/{config}                          api.fine_tuning.read
      DELETE /v1/adapter_configs/{config}                          api.fine_tuning.write
      GET    /v1/adapter_configs/{config}/versions                 api.fine_tuning.read
      POST   /v1/adapter_configs/{config}/versions                 api.fine_tuning.write
      GET    /v1/models                                            api.models.read
      GET    /v1/models/{*model}                                   api.models.read
      DELETE /v1/models/{*model}                                   api.models.write
      GET    /v1/adapters                                          api.models.read
      GET    /v1/adapters/{id}                                     api.models.read
      POST   /v1/adapters/{id}                                     api.models.write
      DELETE /v1/adapters/{id}                                     api.models.write
      GET    /v1/adapters/{id}/lineage                             api.models.read
      POST   /v1/adapters/{id}/download_links                      api.models.write
      GET    /v1/adapters/{id}/permissions                         api.project.read
      POST   /v1/adapters/{id}/permissions                         api.project.write
      DELETE /v1/adapters/{id}/permissions/{permission}            api.project.write
      GET    /v1/adapters/{id}/exports                             api.models.read
      POST   /v1/adapters/{id}/exports                             api.models.write
      GET    /v1/adapters/{id}/exports/{export}                    api.models.read
      DELETE /v1/adapters/{id}/exports/{export}                    api.models.write
      GET    /v1/adapters/{id}/exports/{export}/content            api.models.read
      GET    /v1/adapters/{id}/content                             api.models.read
      GET    /v1/adapters/{id}/files/{*name}                       api.models.read
      GET    /v1/aliases                                           api.models.read
      POST   /v1/aliases                                           api.models.write
      GET    /v1/aliases/{alias}                                   api.models.read
      POST   /v1/aliases/{alias}                                   api.models.write
      DELETE /v1/aliases/{alias}                                   api.models.write
      POST   /v1/aliases/{alias}/rollback                          api.models.write
      GET    /v1/aliases/{alias}/history                           api.models.read
      GET    /v1/engines                                           api.models.read
      GET    /v1/engines/{engine}                                  api.models.read
      POST   /v1/chat/completions                                  api.model.request
      POST   /v1/classify                                          api.model.request
      POST   /v1/completions                                       api.model.request
      GET    /v1/organization/projects                             api.organization.read
      POST   /v1/organization/projects                             api.organization.write
      GET    /v1/organization/projects/{project}                   api.project.read
      POST   /v1/organization/projects/{project}                   api.organization.write
      POST   /v1/organization/projects/{project}/archive           api.organization.write
      POST   /v1/organization/projects/{project}/erasure           api.organization.write
      GET    /v1/organization/projects/{project}/fair_share        api.project.read
      GET    /v1/organization/projects/{project}/users             api.project.read
      POST   /v1/organization/projects/{project}/users             api.project.write
      GET    /v1/organization/projects/{project}/users/{user}      api.project.read
      POST   /v1/organization/projects/{project}/users/{user}      api.project.write
      DELETE /v1/organization/projects/{project}/users/{user}      api.project.write
      GET    /v1/organization/projects/{project}/service_accounts  api.project.read
      POST   /v1/organization/projects/{project}/service_accounts  api.project.write
      GET    /v1/organization/projects/{project}/service_accounts/{account} api.project.read
      POST   /v1/organization/projects/{project}/service_accounts/{account} api.project.write
      DELETE /v1/organization/projects/{project}/service_accounts/{account} api.project.write
      POST   /v1/organization/projects/{project}/service_accounts/{account}/api_keys api.project.write
      GET    /v1/organization/projects/{project}/api_keys          api.project.read
      GET    /v1/organization/projects/{project}/api_keys/{key}    api.project.read
      DELETE /v1/organization/projects/{project}/api_keys/{key}    api.project.write
      POST   /v1/organization/projects/{project}/api_keys/{key}/rotate api.project.write
      GET    /v1/organization/projects/{project}/limits            api.project.read
      POST   /v1/organization/projects/{project}/limits            api.organization.write
      GET    /v1/organization/projects/{project}/retention         api.project.read
      POST   /v1/organization/projects/{project}/retention         api.organization.write
      GET    /v1/organization/projects/{project}/retention/notices api.project.read
      GET    /v1/organization/projects/{project}/rate_limits       api.project.read
      POST   /v1/organization/projects/{project}/rate_limits/{rate_limit} api.organization.write
      GET    /v1/organization/projects/{project}/model_permissions api.project.read
      POST   /v1/organization/projects/{project}/model_permissions api.organization.write
      DELETE /v1/organization/projects/{project}/model_permissions api.organization.write
      GET    /v1/organization/projects/{project}/usage/fine_tuning api.project.read
      GET    /v1/organization/usage/fine_tuning                    api.organization.read
      GET    /v1/organization/fine_tuning/jobs                     api.organization.read
      GET    /v1/organization/device_prices                        api.organization.read
      POST   /v1/organization/device_prices                        api.organization.write
      GET    /v1/organization/workers                              api.organization.read
      GET    /v1/organization/workers/{worker}                     api.organization.read
      DELETE /v1/organization/workers/{worker}                     api.organization.write
      POST   /v1/organization/workers/{worker}/cordon              api.organization.write
      POST   /v1/organization/workers/{worker}/uncordon            api.organization.write
      POST   /v1/organization/workers/{worker}/drain               api.organization.write
      GET    /v1/organization/worker_tokens                        api.organization.read
      POST   /v1/organization/worker_tokens                        api.organization.write
      GET    /v1/organization/worker_tokens/{worker_token}         api.organization.read
      DELETE /v1/organization/worker_tokens/{worker_token}         api.organization.write
      GET    /v1/organization/admin_api_keys                       api.organization.read
      POST   /v1/organization/admin_api_keys                       api.organization.write
      GET    /v1/organization/admin_api_keys/{admin_key}           api.organization.read
      DELETE /v1/organization/admin_api_keys/{admin_key}           api.organization.write
      GET    /v1/evaluations                                       api.fine_tuning.read
      POST   /v1/evaluations                                       api.model.request
      GET    /v1/evaluations/{evaluation}                          api.fine_tuning.read
      DELETE /v1/evaluations/{evaluation}                          api.model.request
      POST   /v1/evaluations/{evaluation}/cancel                   api.model.request
      GET    /v1/evaluations/{evaluation}/samples                  api.files.read
      GET    /v1/webhook_event_types                               api.fine_tuning.read
      GET    /v1/webhook_endpoints                                 api.fine_tuning.read
      POST   /v1/webhook_endpoints                                 api.fine_tuning.write
      GET    /v1/webhook_endpoints/{endpoint}                      api.fine_tuning.read
      POST   /v1/webhook_endpoints/{endpoint}                      api.fine_tuning.write
      DELETE /v1/webhook_endpoints/{endpoint}                      api.fine_tuning.write
      POST   /v1/webhook_endpoints/{endpoint}/rotate_secret        api.fine_tuning.write
      POST   /v1/webhook_endpoints/{endpoint}/test                 api.fine_tuning.write
      GET    /v1/webhook_endpoints/{endpoint}/deliveries           api.fine_tuning.read
      POST   /v1/webhook_deliveries/{delivery}/redeliver           api.fine_tuning.write
      GET    /v1/organization/erasures                             api.organization.read
      GET    /v1/organization/erasures/{erasure}                   api.organization.read
      GET    /v1/organization/audit_logs                           api.organization.read
      GET    /v1/organization/audit_logs/export                    api.organization.read
      """;

  private ClassifiedRoutes() {}

  /** Route, as {@code GET /v1/files/{id}}, to scope. */
  public static Map<String, String> scopes() {
    return ROUTES
        .lines()
        .map(line -> line.split("\\s+"))
        .collect(Collectors.toMap(part -> part[0] + " " + part[1], part -> part[2]));
  }
}
