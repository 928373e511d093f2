package dev.graft.adapters;

import static dev.graft.tenancy.ApiClient.ok;
import static dev.graft.tenancy.ApiClient.text;
import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.adapters.PublishedAdapters.Published;
import dev.graft.pg.GraftIT;
import dev.graft.pg.RestingLoops;
import dev.graft.spec.ExportForm;
import dev.graft.tenancy.ApiClient;
import dev.graft.tenancy.ApiKeys;
import dev.graft.tenancy.Caller;
import dev.graft.tenancy.Departments;
import java.time.Instant;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.JsonNode;

/** The life of an export's row, without a conversion. */
@GraftIT
@RestingLoops
class AdapterExportsIT {
  private static final ExportForm MERGED = new ExportForm.Merged(5_000_000_000L);
  private static final String DIGEST = "a".repeat(64);

  @LocalServerPort int port;
  @Autowired Departments departments;
  @Autowired ApiKeys keys;
  @Autowired PublishedAdapters published;
  @Autowired Adapters adapters;
  @Autowired ExportDesk desk;
  @Autowired AdapterExports exports;
  @Autowired JdbcClient sql;
  private ApiClient client;
  private Adapter adapter;

  @BeforeEach
  void anAdapter() throws Exception {
    String department = departments.ensure("exports " + UUID.randomUUID());
    client = new ApiClient(port, keys.create(department, Caller.Scope.USER).secret());
    Published made = published.publish(department);
    adapter = adapters.find(department, made.id()).orElseThrow();
  }

  private JsonNode shown(AdapterExport export) throws Exception {
    return ok(client.get("/v1/adapters/" + adapter.id() + "/exports/" + export.id()));
  }

  @Test
  void anEqualExportIsNotMadeTwice() {
    AdapterExport first = desk.add(adapter, MERGED);
    assertThat(desk.add(adapter, new ExportForm.Merged(5_000_000_000L)).id()).isEqualTo(first.id());
    assertThat(desk.add(adapter, new ExportForm.AdapterGguf()).id()).isNotEqualTo(first.id());
    assertThat(
            sql.sql("select count(*) from leased_work where subject = ?")
                .param(first.id())
                .query(Long.class)
                .single())
        .isEqualTo(1);
  }

  @Test
  void anExportRunsAndSucceeds() throws Exception {
    // Without the work, which another server on this database could claim.
    AdapterExport export =
        exports.save(new AdapterExport("adexp_test", adapter, MERGED, Instant.now()));
    assertThat(text(shown(export), "status")).isEqualTo("queued");
    assertThat(exports.progress(export.id(), 5, null)).isEqualTo(1);
    assertThat(shown(export).path("total_bytes").isNull()).isTrue();
    assertThat(exports.progress(export.id(), 6, 7L)).isEqualTo(1);
    exports.attemptFailed(export.id(), "x".repeat(3000));
    assertThat(text(shown(export), "error")).hasSize(2000);
    assertThat(exports.succeed(export.id(), DIGEST, 9, Instant.now())).isEqualTo(1);
    assertThat(exports.succeed(export.id(), DIGEST, 9, Instant.now())).isZero();
    JsonNode ended = shown(export);
    assertThat(text(ended, "status")).isEqualTo("succeeded");
    assertThat(ended.path("done_bytes").asLong()).isEqualTo(7);
    assertThat(ended.path("bytes").asLong()).isEqualTo(9);
    assertThat(text(ended, "sha256")).isEqualTo(DIGEST);
    assertThat(text(ended, "form")).isEqualTo("merged");
    assertThat(ended.path("finished_at").isNumber()).isTrue();
  }

  @Test
  void anExportThatFailedIsReplaced() throws Exception {
    AdapterExport failed = desk.add(adapter, MERGED);
    assertThat(exports.fail(failed.id(), "out of memory", Instant.now())).isEqualTo(1);
    assertThat(text(shown(failed), "status")).isEqualTo("failed");
    AdapterExport next = desk.add(adapter, MERGED);
    assertThat(next.id()).isNotEqualTo(failed.id());
    assertThat(exports.findById(failed.id())).isEmpty();
    desk.add(adapter, new ExportForm.AdapterGguf());
    JsonNode page = ok(client.get("/v1/adapters/" + adapter.id() + "/exports?limit=1"));
    assertThat(page.path("has_more").asBoolean()).isTrue();
    ok(client.delete("/v1/adapters/" + adapter.id()));
    assertThat(exports.findById(next.id())).isEmpty();
  }
}
