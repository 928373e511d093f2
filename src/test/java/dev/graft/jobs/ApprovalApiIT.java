package dev.graft.jobs;

import static dev.graft.tenancy.ApiClient.error;
import static dev.graft.tenancy.ApiClient.ok;
import static dev.graft.tenancy.ApiClient.text;
import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.pg.GraftIT;
import dev.graft.tenancy.ApiClient;
import dev.graft.tenancy.ApiKeys;
import dev.graft.tenancy.Departments;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.JsonNode;

/** Who may approve whose jobs, over the API. */
@GraftIT
class ApprovalApiIT {
  private static final String JOBS = "/v1/fine_tuning/jobs";

  @LocalServerPort int port;
  @Autowired Departments departments;
  @Autowired ApiKeys keys;
  @Autowired JdbcClient sql;
  private ApiClient admin = new ApiClient(0, "");
  private ApiClient member = admin;
  private ApiClient owner = admin;
  private String project = "";
  private String file = "";

  @BeforeEach
  void aDepartmentWhoseJobsAreApproved() throws Exception {
    admin = new ApiClient(port, keys.createForAdministrator(ApiKeys.UNNAMED, null).secret());
    String department = departments.ensure("d-" + UUID.randomUUID());
    project = "/v1/organization/projects/" + department;
    member = account("member");
    owner = account("owner");
    TestJobs seed = new TestJobs();
    seed.baseModel(sql);
    file = seed.file(sql, department);
    approval("'every_job'");
  }

  @Test
  void anOwnerApprovesOnceAndItIsWrittenDown() throws Exception {
    JsonNode job = submit(member);
    String path = JOBS + "/" + text(job, "id");
    assertThat(text(job, "status")).isEqualTo("queued");
    assertThat(text(job, "sub_status")).isEqualTo("waiting_for_approval");
    for (int i = 0; i < 2; i++) {
      JsonNode approved = ok(owner.post(path + "/approve", "{'comment': ' in the budget '}"));
      assertThat(approved.get("sub_status").isNull()).isTrue();
      assertThat(approved.at("/queue/position").asInt()).isOne();
    }
    assertThat(text(error(owner.post(path + "/reject", "{}"), 400), "message"))
        .isEqualTo("The job cannot be rejected: it does not wait for approval, it is approved.");
    JsonNode events = ok(member.get(path + "/events")).get("data");
    assertThat(text(events.get(0), "message"))
        .matches("Fine-tuning job approved by owner \\(key_\\w+\\): in the budget");
    // A warning that no worker fits depends on the workers that other tests have registered.
    assertThat(events.valueStream().filter(event -> text(event, "level").equals("info")))
        .hasSize(2);
    JsonNode entries = audited("approved", text(job, "id"));
    assertThat(entries.size()).isOne();
    assertThat(text(entries.get(0).get("fine_tuning.job.approved"), "comment"))
        .isEqualTo("in the budget");
  }

  @Test
  void anAdministratorRejects() throws Exception {
    String id = text(submit(owner), "id");
    String path = JOBS + "/" + id;
    JsonNode rejected = ok(admin.send("POST", path + "/reject", null));
    assertThat(text(rejected, "status")).isEqualTo("cancelled");
    assertThat(text(rejected, "reason")).matches("Rejected by unnamed key \\(key_\\w+\\)\\.");
    assertThat(text(ok(admin.post(path + "/reject", "{}")), "status")).isEqualTo("cancelled");
    error(admin.post(path + "/approve", ""), 400);
    assertThat(audited("rejected", id).size()).isOne();
  }

  @Test
  void neitherMembersNorTheAuthorNorOtherDepartmentsDecide() throws Exception {
    String own = JOBS + "/" + text(submit(owner), "id");
    assertThat(text(error(owner.post(own + "/approve", "{}"), 403), "message"))
        .startsWith("You cannot approve or reject your own job");
    error(member.post(own + "/approve", "{}"), 403);
    project = "/v1/organization/projects/" + departments.ensure("d-" + UUID.randomUUID());
    ApiClient stranger = account("owner");
    error(stranger.post(own + "/approve", "{}"), 404);
    error(stranger.post(own + "/reject", "{}"), 404);
    assertThat(text(ok(owner.get(own)), "sub_status")).isEqualTo("waiting_for_approval");
  }

  @Test
  void waitingJobsCountAsQueuedAndGoOnWaitingWhenApprovalIsSwitchedOff() throws Exception {
    String id = text(submit(member), "id");
    assertThat(ok(owner.get(project + "/limits")).at("/quotas/queued_jobs/used").asInt()).isOne();
    error(owner.post(project + "/limits", "{'approval': 'off'}"), 403);
    error(admin.post(project + "/limits", "{'approval': 'some'}"), 400);
    approval("null");
    assertThat(text(ok(owner.get(project + "/limits")).get("settings"), "approval"))
        .isEqualTo("off");
    assertThat(text(ok(owner.get(JOBS + "/" + id)), "sub_status"))
        .isEqualTo("waiting_for_approval");
    JsonNode next = submit(member);
    assertThat(next.get("sub_status").isNull()).isTrue();
    String path = JOBS + "/" + text(next, "id");
    assertThat(text(error(owner.post(path + "/approve", "{}"), 400), "message"))
        .endsWith("it does not wait for approval, it is queued.");
    assertThat(text(ok(owner.post(JOBS + "/" + id + "/resume", "")), "sub_status"))
        .as("to resume what is not paused changes nothing")
        .isEqualTo("waiting_for_approval");
  }

  @ParameterizedTest
  @ValueSource(strings = {"'two\\nlines'", "'\\u0000'", "1", "'long'"})
  void aCommentIsALine(String comment) throws Exception {
    String path = JOBS + "/" + text(submit(member), "id") + "/approve";
    String body = "{'comment': " + comment.replace("long", "x".repeat(501)) + "}";
    assertThat(text(error(owner.post(path, body), 400), "param")).isEqualTo("comment");
    error(owner.post(path, "{'remark': 'x'}"), 400);
  }

  private ApiClient account(String role) throws Exception {
    JsonNode made = ok(admin.post(project + "/service_accounts", "{'name': '" + role + "'}"));
    ok(admin.post(project + "/service_accounts/" + text(made, "id"), "{'role': '" + role + "'}"));
    return admin.as(text(made.get("api_key"), "value"));
  }

  private void approval(String value) throws Exception {
    ok(admin.post(project + "/limits", "{'approval': " + value + "}"));
  }

  private JsonNode submit(ApiClient by) throws Exception {
    return ok(by.post(JOBS, "{'model': 'tiny', 'training_file': '" + file + "'}"));
  }

  private JsonNode audited(String decision, String job) throws Exception {
    String query = "?event_types%5B%5D=fine_tuning.job." + decision + "&resource_ids%5B%5D=" + job;
    return ok(admin.get("/v1/organization/audit_logs" + query)).get("data");
  }
}
