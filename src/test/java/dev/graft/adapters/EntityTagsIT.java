package dev.graft.adapters;

import static dev.graft.tenancy.ApiClient.error;
import static dev.graft.tenancy.ApiClient.ok;
import static dev.graft.tenancy.ApiClient.text;
import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.adapters.PublishedAdapters.Published;
import dev.graft.pg.GraftIT;
import dev.graft.tenancy.ApiClient;
import dev.graft.tenancy.ApiKeys;
import dev.graft.tenancy.Caller;
import dev.graft.tenancy.Departments;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;

/** What a client has read, and need not read again, and does not overwrite unseen. */
@GraftIT
class EntityTagsIT {
  private static final String NOTICE = "{\"deprecation\": {\"notice\": \"%s\"}}";

  @LocalServerPort int port;
  @Autowired Departments departments;
  @Autowired ApiKeys keys;
  @Autowired PublishedAdapters published;
  private ApiClient client;
  private Published adapter;
  private String path;

  @BeforeEach
  void anAdapter() throws Exception {
    String department = departments.ensure("d-" + UUID.randomUUID());
    client = new ApiClient(port, keys.create(department, Caller.Scope.USER).secret());
    adapter = published.publish(department);
    path = "/v1/adapters/" + adapter.id();
  }

  private static String tag(HttpResponse<String> answer) {
    return answer.headers().firstValue("etag").orElseThrow();
  }

  @Test
  void whatHasNotChangedIsNotSentAgain() throws Exception {
    for (String thing :
        List.of(
            path,
            "/v1/fine_tuning/jobs/" + adapter.jobId(),
            "/v1/models/" + adapter.model(),
            "/v1/adapter_configs/balanced")) {
      HttpResponse<String> first = client.get(thing);
      ok(first);
      HttpResponse<String> again =
          client.send("GET", thing, null, "if-none-match", "\"other\", " + tag(first));
      assertThat(again.statusCode()).as(thing).isEqualTo(304);
      assertThat(again.body()).isEmpty();
      assertThat(tag(again)).isEqualTo(tag(first));
    }
    String before = tag(client.get(path));
    ok(client.send("POST", path, NOTICE.formatted("old"), "x-test", "none"));
    HttpResponse<String> changed = client.send("GET", path, null, "if-none-match", before);
    assertThat(changed.statusCode()).isEqualTo(200);
    assertThat(tag(changed)).isNotEqualTo(before);
  }

  @Test
  void listsAndRefusalsHaveNone() throws Exception {
    assertThat(client.get("/v1/adapters").headers().firstValue("etag")).isEmpty();
    assertThat(client.get("/v1/adapters/ad_nothing").headers().firstValue("etag")).isEmpty();
  }

  @Test
  void aChangeOfWhatIsNotAnyMoreIsRefused() throws Exception {
    String seen = tag(client.get(path));
    ok(client.send("POST", path, NOTICE.formatted("first"), "if-match", seen));
    HttpResponse<String> late =
        client.send("POST", path, NOTICE.formatted("second"), "if-match", seen);
    assertThat(text(error(late, 412), "code")).isEqualTo("precondition_failed");
    assertThat(tag(late)).isEqualTo(tag(client.get(path)));
    assertThat(text(ok(client.get(path)).path("deprecation"), "notice")).isEqualTo("first");
    ok(client.send("POST", path, NOTICE.formatted("third"), "if-match", "*"));
    ok(client.send("POST", path, NOTICE.formatted("fourth"), "x-test", "none"));
  }
}
