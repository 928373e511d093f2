package dev.graft.tenancy;

import static dev.graft.tenancy.ApiClient.ok;
import static dev.graft.tenancy.ApiClient.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.graft.jobs.HandWorker;
import dev.graft.jobs.QueueServer;
import dev.graft.jobs.QueueServer.Submitted;
import dev.graft.jobs.lease.Lease.LeaseKey;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.springframework.boot.test.context.TestComponent;
import org.springframework.jdbc.core.simple.JdbcClient;

/** A department with something in every table, and a mark in every text and every content. */
@TestComponent
class MarkedDepartment {
  static final String MARK = "quokka7f3a";

  private final QueueServer queue;
  private final HandWorker worker;
  private final JdbcClient sql;

  MarkedDepartment(QueueServer queue, HandWorker worker, JdbcClient sql) {
    this.queue = queue;
    this.worker = worker;
    this.sql = sql;
  }

  /**
   * @param part that the store keeps of an upload
   * @param running the lease of a job that is under way
   */
  record Made(String id, String name, String adapter, String part, LeaseKey running) {}

  Made make(ApiClient administrator, Path scratch) throws Exception {
    String name = "The " + MARK + " department";
    String id =
        text(ok(administrator.post("/v1/organization/projects", "{'name': '" + name + "'}")), "id");
    String project = "/v1/organization/projects/" + id;
    var account = ok(administrator.post(project + "/service_accounts", "{'name': '" + MARK + "'}"));
    ApiClient client = administrator.as(text(account.get("api_key"), "value"));
    ok(
        administrator.post(
            project + "/users", "{'email': 'someone@example.org', 'role': 'member'}"));
    ok(administrator.post(project + "/retention", "{'logs_days': 9999}"));
    ok(client.send("POST", "/v1/files", form("file", "fine-tune")));
    String upload =
        "{'filename': '%s.jsonl', 'purpose': 'fine-tune', 'bytes': 900, 'mime_type':"
            + " 'application/jsonl'}";
    String begun = text(ok(client.post("/v1/uploads", upload.formatted(MARK))), "id");
    String part =
        text(ok(client.send("POST", "/v1/uploads/" + begun + "/parts", form("data", null))), "id");
    ok(
        client.post(
            "/v1/adapter_configs",
            "{'name': '%1$s', 'description': '%1$s', 'adapter': {}}".formatted(MARK)));
    String adapter = adapter(id, scratch);
    inSql(id, text(account.get("api_key"), "id"), adapter);
    String guest = "{'name': 'guest of another'}";
    String other = text(ok(administrator.post("/v1/organization/projects", guest)), "id");
    ok(
        administrator.post(
            "/v1/adapters/" + adapter + "/permissions", "{'project_ids': ['" + other + "']}"));
    sameContentOf(other);
    queue.submitOf(id, "{\"note\": \"" + MARK + "\"}", scratch);
    return new Made(id, name, adapter, part, worker.claim());
  }

  private static String form(String field, String purpose) {
    String disposition = "--X\r\nContent-Disposition: form-data; name=\"";
    return (purpose == null ? "" : disposition + "purpose\"\r\n\r\n" + purpose + "\r\n")
        + disposition
        + field
        + "\"; filename=\""
        + MARK
        + ".jsonl\"\r\n\r\n{\"text\": \"of the "
        + MARK
        + "\"}\n\r\n--X--\r\n";
  }

  private String adapter(String department, Path scratch) throws Exception {
    Submitted job = queue.submitOf(department, "{\"note\": \"" + MARK + "\"}", scratch);
    sql.sql(
            """
            update job set suffix = :mark, training_file = :mark, metadata = jsonb_build_object('of', :mark::text)
             where id = :id
            """)
        .param("mark", MARK)
        .param("id", job.id())
        .update();
    LeaseKey key = worker.claim();
    worker.report(key, 1, 1, 2);
    worker.checkpoint(key, 2, worker.uploadDirectory(key, (MARK + " step 2").getBytes()));
    worker.complete(key, worker.uploadDirectory(key, (MARK + " result").getBytes()));
    await()
        .until(
            () ->
                sql.sql("select archive is not null from adapter where job_id = ?")
                    .param(job.id())
                    .query(Boolean.class)
                    .single());
    return sql.sql("select id from adapter where job_id = ?")
        .param(job.id())
        .query(String.class)
        .single();
  }

  /** What it would take more than this Graft to make. */
  private void inSql(String department, String key, String adapter) {
    Stream.of(
            """
            insert into model_alias (department_id, name, model, chosen_by, created_at, moved_at)
            select :department, :mark, name, 1, graft_now(), graft_now() from adapter where id = :adapter
            """,
            """
            insert into model_alias_move (id, department_id, alias, number, kind, to_model, reason, moved_by, created_at)
            select 'almv_1', :department, :mark, 1, 'created', name, :mark, :key, graft_now() from adapter where id = :adapter
            """,
            """
            insert into evaluation (id, department_id, status, file_id, models, plan, created_at, ended_at)
            select 'eval_1', :department, 'cancelled', 'file-1', array[:mark], jsonb_build_object('of', :mark::text), now, now
              from graft_now() now
            """,
            """
            insert into evaluation_question (evaluation_id, number, line, question)
            values ('eval_1', 1, 1, to_jsonb(:mark::text))
            """,
            """
            insert into evaluation_answer (evaluation_id, model, number, text, cut, tokens, scores)
            values ('eval_1', 0, 1, :mark, false, 1, '{1}')
            """,
            """
            insert into webhook_endpoint (id, department_id, name, url, events, secret, secret_hint, created_at, updated_at,
                                          disabled_at, disabled_reason)
            values ('whe_1', :department, :mark, 'https://example.org/' || :mark, '{fine_tuning.job.failed}', '\\x00', '',
                    graft_now(), graft_now(), graft_now(), :mark)
            """,
            """
            insert into webhook_delivery (id, endpoint_id, type, job_id, created_at, ended_at)
            values ('evt_1', 'whe_1', 'fine_tuning.job.failed', :mark, graft_now(), graft_now())
            """,
            """
            insert into webhook_attempt (delivery_id, number, at, error, millis)
            values ('evt_1', 1, graft_now(), :mark, 1)
            """,
            """
            insert into retention_notice (id, department_id, kind, resource_id, name, since, noticed_at, delete_at)
            values ('notice_1', :department, 'logs', :mark, :mark, graft_now(), graft_now(), graft_now() + interval '1 year')
            """,
            """
            insert into job_event_history (job_id, number, created_at, level, type, message)
            select job_id, 9999, graft_now(), 'info', 'message', :mark from adapter where id = :adapter
            """,
            """
            insert into web_session (id, hash, key_id, created_at, expires_at)
            values (:mark, sha256('1'), :key, graft_now(), graft_now() + interval '1 day')
            """,
            """
            insert into job_upload (job_id, epoch, digest, bytes)
            select job_id, 1, :mark, 1 from adapter where id = :adapter
            """,
            """
            insert into adapter_export (id, department_id, adapter_id, form, options, state, filename, error, created_at, ended_at)
            select 'adexp_1', :department, :adapter, 'vllm', jsonb_build_object('base', :mark::text, 'name', 'x'), 'failed',
                   :mark, :mark, now, now from graft_now() now
            """,
            """
            insert into file_import (id, department_id, source, filename, ignore_unknown_keys, state, file_id, error, created_at,
                                     ended_at)
            select 'fimport-1', :department, 's3://bucket/' || :mark, :mark, false, 'failed', :mark, :mark, now, now from graft_now() now
            """,
            """
            insert into storage_reservation (id, department_id, bytes, expires_at)
            values (:mark, :department, 1, graft_now() + interval '1 day')
            """,
            "select add_leased_work('nobody', :mark, :department)::text")
        .forEach(
            each -> {
              var statement = sql.sql(each);
              Map.of("department", department, "mark", MARK, "key", key, "adapter", adapter)
                  .forEach((name, value) -> statement.param(name, value));
              if (each.startsWith("select")) statement.query().listOfRows();
              else assertThat(statement.update()).as(each).isEqualTo(1);
            });
  }

  /** Another department's file is what the job trained on. */
  private void sameContentOf(String other) {
    sql.sql(
            """
            insert into file (id, department_id, filename, purpose, bytes, digest, status, examples, created_at)
            values ('file-of-another', :other, 'a.jsonl', 'fine-tune', 4, encode(sha256('data'), 'hex'), 'processed', 1,
                    graft_now())
            """)
        .param("other", other)
        .update();
  }
}
