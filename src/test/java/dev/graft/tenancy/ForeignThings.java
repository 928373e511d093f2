package dev.graft.tenancy;

import static dev.graft.tenancy.ApiClient.ok;
import static dev.graft.tenancy.ApiClient.text;

import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.springframework.jdbc.core.simple.JdbcClient;

/** A department with one thing of every kind, for others to reach for. */
public final class ForeignThings {
  private final JdbcClient sql;
  private final ApiClient administrator;

  public ForeignThings(JdbcClient sql, ApiClient administrator) {
    this.sql = sql;
    this.administrator = administrator;
  }

  /**
   * Ids by where they stand in a route: what a caller may not see there. A variable that is no id
   * has a word instead.
   */
  public Map<String, String> make(String department) throws Exception {
    String project = "/v1/organization/projects/" + department;
    Map<String, String> ids = new TreeMap<>();
    String accounts = project + "/service_accounts";
    var account = ok(administrator.post(accounts, "{'name': 'portal'}"));
    ApiClient theirs = administrator.as(text(account.get("api_key"), "value"));
    ids.put("/v1/organization/projects/{project}", department);
    ids.put(
        "/v1/organization/projects/{project}/users/{user}",
        text(
            ok(
                administrator.post(
                    project + "/users",
                    "{'email': '" + UUID.randomUUID() + "@example.org', 'role': 'member'}")),
            "id"));
    ids.put("/v1/organization/projects/{project}/service_accounts/{account}", text(account, "id"));
    ids.put(
        "/v1/organization/projects/{project}/api_keys/{key}", text(account.get("api_key"), "id"));
    ids.put("/v1/files/{id}", file(department));
    ids.put("/v1/files/imports/{import}", fileImport(department));
    ids.put(
        "/v1/uploads/{id}",
        text(
            ok(
                theirs.post(
                    "/v1/uploads",
                    "{'filename': 'a.jsonl', 'purpose': 'fine-tune', 'bytes': 9,"
                        + " 'mime_type': 'application/jsonl'}")),
            "id"));
    ids.put(
        "/v1/adapter_configs/{config}",
        text(ok(theirs.post("/v1/adapter_configs", "{'name': 'theirs', 'adapter': {}}")), "id"));
    baseModel();
    String job =
        text(
            ok(
                theirs.post(
                    "/v1/fine_tuning/jobs",
                    "{'model': 'tiny', 'training_file': '" + ids.get("/v1/files/{id}") + "'}")),
            "id");
    ids.put("/v1/fine_tuning/jobs/{id}", job);
    String adapter = adapter(department, job);
    ids.put("/v1/adapters/{id}", adapter);
    ids.put("/v1/adapters/{id}/exports/{export}", export(department, adapter));
    ids.put("/v1/adapters/{id}/permissions/{permission}", permission(adapter));
    ids.put("/v1/aliases/{alias}", alias(department, "ft:tiny:" + adapter));
    ids.put("/v1/evaluations/{evaluation}", evaluation(department));
    ids.put("/v1/webhook_endpoints/{endpoint}", endpoint(department));
    ids.put(
        "/v1/webhook_deliveries/{delivery}", delivery(ids.get("/v1/webhook_endpoints/{endpoint}")));
    ids.put("/v1/models/{*model}", "ft:tiny:" + adapter);
    return ids;
  }

  private String permission(String adapter) throws Exception {
    String guest = "{'name': 'guest " + UUID.randomUUID() + "'}";
    String project = text(ok(administrator.post("/v1/organization/projects", guest)), "id");
    String path = "/v1/adapters/" + adapter + "/permissions";
    var made = ok(administrator.post(path, "{'project_ids': ['" + project + "']}"));
    return text(made.at("/data/0"), "id");
  }

  private String alias(String department, String model) {
    String name = "theirs-" + UUID.randomUUID();
    sql.sql(
            """
            with a as (insert into model_alias (department_id, name, model, chosen_by, created_at, moved_at)
                       values (:department, :name, :model, 1, graft_now(), graft_now()))
            insert into model_alias_move (id, department_id, alias, number, kind, to_model, moved_by, created_at)
            values ('almv_' || :name, :department, :name, 1, 'created', :model, 'key_1', graft_now())
            """)
        .param("department", department)
        .param("name", name)
        .param("model", model)
        .update();
    return name;
  }

  private String export(String department, String adapter) {
    String id = "adexp_" + UUID.randomUUID();
    sql.sql(
            """
            insert into adapter_export (id, department_id, adapter_id, form, options, state, filename, created_at, ended_at)
            select :id, :department, :adapter, 'plain_lora', '{}', 'failed', 'theirs', now, now from graft_now() now
            """)
        .param("id", id)
        .param("department", department)
        .param("adapter", adapter)
        .update();
    return id;
  }

  private String fileImport(String department) {
    String id = "fimport-" + UUID.randomUUID();
    sql.sql(
            """
            insert into file_import (id, department_id, source, filename, ignore_unknown_keys, state, created_at, ended_at)
            select :id, :department, 's3://theirs/a.jsonl', 'a.jsonl', false, 'failed', now, now from graft_now() now
            """)
        .param("id", id)
        .param("department", department)
        .update();
    return id;
  }

  private String evaluation(String department) {
    String id = "eval_" + UUID.randomUUID();
    sql.sql(
            """
            insert into evaluation (id, department_id, status, file_id, models, plan, created_at, ended_at)
            select :id, :department, 'cancelled', 'file-1', '{tiny}', '{}', now, now from graft_now() now
            """)
        .param("id", id)
        .param("department", department)
        .update();
    return id;
  }

  private String endpoint(String department) {
    String id = "whe_" + UUID.randomUUID();
    sql.sql(
            """
            insert into webhook_endpoint (id, department_id, name, url, events, secret, secret_hint, created_at, updated_at)
            values (:id, :department, 'theirs', 'https://example.org', '{fine_tuning.job.failed}', '\\x00', '', graft_now(), graft_now())
            """)
        .param("id", id)
        .param("department", department)
        .update();
    return id;
  }

  private String delivery(String endpoint) {
    return sql.sql(
            """
            insert into webhook_delivery (id, endpoint_id, type, job_id, created_at, ended_at)
            values (webhook_id(), :endpoint, 'fine_tuning.job.failed', 'ftjob-1', graft_now(), graft_now()) returning id
            """)
        .param("endpoint", endpoint)
        .query(String.class)
        .single();
  }

  private void baseModel() {
    sql.sql(
            """
            insert into base_model (name, family, manifest, parameters, context_length, bytes, created_at)
            values ('tiny', 'llama', repeat('a', 64), 1, 512, 1, graft_now()) on conflict do nothing
            """)
        .update();
  }

  private String file(String department) {
    String id = "file-" + UUID.randomUUID();
    sql.sql(
            """
            insert into file (id, department_id, filename, purpose, bytes, digest, status, examples, created_at)
            values (:id, :department, 'train.jsonl', 'fine-tune', 4, repeat('a', 64), 'processed', 1, graft_now())
            """)
        .param("id", id)
        .param("department", department)
        .update();
    return id;
  }

  private String adapter(String department, String job) {
    String id = "ad_" + UUID.randomUUID();
    sql.sql(
            """
            insert into adapter (id, department_id, name, job_id, base_model, training_file, manifest,
                                 configuration, trained_tokens, created_at)
            values (:id, :department, 'ft:tiny:' || :id, :job, 'tiny', 'file-1', repeat('a', 64), '{}', 1,
                    graft_now())
            """)
        .param("id", id)
        .param("department", department)
        .param("job", job)
        .update();
    return id;
  }
}
