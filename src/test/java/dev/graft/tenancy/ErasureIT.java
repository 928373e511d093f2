package dev.graft.tenancy;

import static dev.graft.tenancy.ApiClient.error;
import static dev.graft.tenancy.ApiClient.ok;
import static dev.graft.tenancy.ApiClient.text;
import static dev.graft.tenancy.MarkedDepartment.MARK;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.ArtifactStore.StoredBlob;
import dev.graft.artifacts.Digest;
import dev.graft.jobs.HandWorker;
import dev.graft.jobs.QueueServer;
import dev.graft.pg.GraftIT;
import dev.graft.pg.MovableClock;
import dev.graft.platform.work.WorkLoops;
import dev.graft.tenancy.MarkedDepartment.Made;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.annotation.Import;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.test.context.TestPropertySource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A department with everything is erased, while it trains and its erasure is broken off. */
@GraftIT
@Import({QueueServer.class, HandWorker.class, MarkedDepartment.class})
@TestPropertySource(
    properties = {
      "graft.artifacts.keep-unreferenced=1h",
      // A server that has just started lets leases live for one lifetime.
      "graft.jobs.lease-ttl=20s",
      "graft.jobs.heartbeat=5s",
      "graft.retention.sweep-after=1d",
      "graft.erasure.backups-kept=35d",
      "graft.audit.keep-months=24"
    })
class ErasureIT {
  private static final String ERASURES = "/v1/organization/erasures";

  @TempDir Path scratch;
  @LocalServerPort int port;
  @Autowired ApiKeys keys;
  @Autowired MarkedDepartment marked;
  @Autowired HandWorker worker;
  @Autowired DepartmentRemoval.Tables tables;
  @Autowired ArtifactStore store;
  @Autowired MovableClock clock;
  @Autowired JdbcClient sql;

  /** A table with a department must be erased, or be named as one that stays. */
  @Test
  void everyTableThatHasADepartmentIsErasedOrNamed() {
    List<String> owned =
        sql.sql(
                """
                select distinct tablename from pg_policies
                 where schemaname = current_schema() and 'graft_department' = any(roles)
                   and tablename not in (select inhrelid::regclass::text from pg_inherits)
                """)
            .query(String.class)
            .list();
    List<String> erased =
        tables.inOrder().stream().map(DepartmentRemoval.Tables.Part::table).toList();
    assertThat(Stream.concat(erased.stream(), Stream.of("audit_log")))
        .containsExactlyInAnyOrderElementsOf(owned);
    assertThat(erased.getFirst()).isEqualTo("leased_work");
    assertThat(erased.getLast()).isEqualTo("department");
  }

  @Test
  void nothingOfADepartmentIsFoundAfterItsErasureAndTheCertificateSaysWhatWas() throws Exception {
    ApiClient administrator =
        new ApiClient(port, keys.createForAdministrator(ApiKeys.UNNAMED, null).secret());
    Made made = marked.make(administrator, scratch);
    assertThat(counted(made.id())).doesNotContainValue(0L);
    String project = "/v1/organization/projects/" + made.id();
    String meant = "{'name': '" + made.name() + "', 'reason': 'contract 17 has ended'}";
    error(administrator.post(project + "/erasure", meant), 400);
    ok(administrator.post(project + "/archive", ""));
    assertThat(text(error(administrator.post(project + "/erasure", "{}"), 400), "param"))
        .isEqualTo("name");
    error(administrator.post(project + "/erasure", "{'name': 'the " + MARK + " department'}"), 400);

    sql.sql(
            """
            create function broken() returns trigger language plpgsql as $$ begin raise 'broken off'; end $$;
            create trigger broken before delete on job for each row execute function broken();
            """)
        .update();
    Map<String, Long> before = counted(made.id());
    String id;
    try (var _ = WorkLoops.expectFailure()) {
      JsonNode begun = ok(administrator.post(project + "/erasure", meant));
      id = text(begun, "id");
      assertThat(text(ok(administrator.post(project + "/erasure", meant)), "id")).isEqualTo(id);
      await().atMost(Duration.ofSeconds(60)).until(() -> attempts(id) > 0);
    }
    assertThatThrownBy(() -> worker.report(made.running(), 1, 1))
        .as("its worker has lost the lease")
        .isNotNull();
    assertThat(status(administrator, id)).isEqualTo("deleting_rows");
    anotherServerThatHadItDied(id);

    await().atMost(Duration.ofSeconds(30)).until(() -> noted(id));
    assertThat(status(administrator, id)).isEqualTo("deleting_content");
    error(administrator.get(project), 404);
    // Somebody stores the same: it is theirs until nobody has needed it for an hour.
    byte[] again = (MARK + " result").getBytes(UTF_8);
    store.put(new ByteArrayInputStream(again), again.length);
    clock.move(Duration.ofMinutes(61));
    due(id);
    await().atMost(Duration.ofSeconds(30)).until(() -> waitsForAnHour(id));
    assertThat(status(administrator, id)).isEqualTo("deleting_content");
    clock.move(Duration.ofMinutes(61));
    due(id);
    await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> status(administrator, id).equals("succeeded"));
    JsonNode erased = ok(administrator.get(ERASURES + "/" + id));
    assertThat(ok(administrator.get(ERASURES)).at("/data/0")).isEqualTo(erased);
    certifies(erased, before);
    isSigned(erased);
    isGone(made);
    keepsWhoDidWhatAndWhen(made.id());
  }

  private Map<String, Long> counted(String department) {
    Map<String, Long> counted = new TreeMap<>();
    for (DepartmentRemoval.Tables.Part part : tables.inOrder()) {
      counted.put(
          part.table(),
          sql.sql("select count(*) from %s where %s".formatted(part.table(), part.where()))
              .param("department", department)
              .query(Long.class)
              .single());
    }
    return counted;
  }

  private int attempts(String id) {
    return sql.sql("select attempts from leased_work where kind = 'erasure' and subject = ?")
        .param(id)
        .query(Integer.class)
        .single();
  }

  private boolean noted(String id) {
    return sql.sql("select noted_at is not null from department_erasure where id = ?")
        .param(id)
        .query(Boolean.class)
        .single();
  }

  private boolean waitsForAnHour(String id) {
    return sql.sql(
            """
            select claim is null and due_at > graft_now() + interval '50 minutes' from leased_work
             where kind = 'erasure' and subject = ?
            """)
        .param(id)
        .query(Boolean.class)
        .single();
  }

  private void due(String id) {
    assertThat(
            sql.sql(
                    "update leased_work set due_at = graft_now() where kind = 'erasure' and subject"
                        + " = ?")
                .param(id)
                .update())
        .isEqualTo(1);
  }

  /** Its claim has run out. */
  private void anotherServerThatHadItDied(String id) {
    sql.sql("drop trigger broken on job").update();
    sql.sql(
            """
            update leased_work set claim = gen_random_uuid(), due_at = graft_now() - interval '1 hour',
                                   claimed_until = graft_now() - interval '1 hour'
             where kind = 'erasure' and subject = ?
            """)
        .param(id)
        .update();
  }

  private static String status(ApiClient administrator, String id) throws Exception {
    return text(ok(administrator.get(ERASURES + "/" + id)), "status");
  }

  private static void certifies(JsonNode erased, Map<String, Long> before) {
    JsonNode certificate = erased.get("certificate");
    assertThat(certificate.get("rows_deleted")).isEqualTo(erased.get("rows_deleted"));
    Map<String, Long> deleted = new TreeMap<>();
    certificate.get("rows_deleted").forEachEntry((table, n) -> deleted.put(table, n.asLong()));
    assertThat(deleted.keySet()).isEqualTo(before.keySet());
    // What its jobs and work still wrote when they were stopped came later.
    for (String moved : List.of("job_event", "leased_work", "work_turn")) {
      assertThat(deleted.remove(moved)).isGreaterThanOrEqualTo(before.get(moved) - 1);
    }
    assertThat(before).containsAllEntriesOf(deleted);
    assertThat(text(certificate, "reason")).isEqualTo("contract 17 has ended");
    assertThat(certificate.at("/content_deleted/blobs").asInt()).isGreaterThanOrEqualTo(6);
    assertThat(certificate.at("/content_deleted/bytes").asLong()).isPositive();
    assertThat(certificate.at("/content_shared/blobs").asInt()).isEqualTo(1);
    assertThat(certificate.at("/content_shared/bytes").asInt()).isEqualTo(4);
    assertThat(certificate.get("remains").findValuesAsString("what"))
        .contains("audit_log", "backups", "content_shared", "references");
    long backups = erased.get("finished_at").asLong() + Duration.ofDays(35).toSeconds();
    assertThat(certificate.get("remains").findValuesAsString("until"))
        .contains(String.valueOf(backups));
    assertThat(certificate.toString().toLowerCase(Locale.ROOT)).doesNotContain(MARK);
  }

  /** As docs/erasure.md says: by anybody who has the answer. */
  private static void isSigned(JsonNode erased) throws Exception {
    byte[] canonical =
        JsonMapper.builder()
            .build()
            .writeValueAsString(sorted(erased.get("certificate")))
            .getBytes(UTF_8);
    assertThat(text(erased, "sha256")).isEqualTo(Digest.of(canonical).hex());
    Signature signature = Signature.getInstance("Ed25519");
    signature.initVerify(
        KeyFactory.getInstance("Ed25519")
            .generatePublic(
                new X509EncodedKeySpec(Base64.getDecoder().decode(text(erased, "public_key")))));
    signature.update(canonical);
    assertThat(signature.verify(Base64.getDecoder().decode(text(erased, "signature")))).isTrue();
  }

  private static Object sorted(JsonNode node) {
    if (node.isArray()) return node.valueStream().map(ErasureIT::sorted).toList();
    if (!node.isObject()) return node;
    Map<String, Object> keys = new TreeMap<>();
    node.forEachEntry((key, value) -> keys.put(key, sorted(value)));
    return keys;
  }

  private void isGone(Made made) throws Exception {
    assertThat(tablesWith(MARK)).isEmpty();
    assertThat(tablesWith(made.id())).containsExactly("audit_log", "department_erasure");
    try (Stream<StoredBlob> all = store.blobs()) {
      for (StoredBlob blob : all.toList()) {
        try (InputStream in = store.open(blob.ref().sha256())) {
          assertThat(new String(in.readAllBytes(), UTF_8)).doesNotContain(MARK, made.id());
        }
      }
    }
    assertThat(store.stat(Digest.of("data".getBytes(UTF_8)))).as("another has it").isPresent();
    try (Stream<String> kept = store.kept()) {
      assertThat(kept).doesNotContain(made.part());
    }
  }

  private TreeSet<String> tablesWith(String text) {
    TreeSet<String> found = new TreeSet<>();
    for (String table :
        sql.sql(
                """
                select relname from pg_class where relnamespace = current_schema()::regnamespace
                   and relkind in ('r', 'p') and not relispartition
                """)
            .query(String.class)
            .list()) {
      boolean there =
          sql.sql(
                  "select exists (select from %1$s where strpos(lower(%1$s::text), ?) > 0)"
                      .formatted(table))
              .param(text)
              .query(Boolean.class)
              .single();
      if (there) found.add(table);
    }
    return found;
  }

  private void keepsWhoDidWhatAndWhen(String department) {
    List<String> types =
        sql.sql("select type from audit_log where department_id = ? order by id")
            .param(department)
            .query(String.class)
            .list();
    assertThat(types)
        .startsWith("project.created")
        .contains("file.created", "project.archived", "project.erasure.requested")
        .endsWith("project.erased");
    assertThat(
            sql.sql(
                    """
                    select count(*) from audit_log
                     where department_id = ? and type <> 'project.erased' and (key_id is null or details <> '{"erased": true}')
                    """)
                .param(department)
                .query(Long.class)
                .single())
        .as("entries without an actor, or with details")
        .isLessThanOrEqualTo(1);
    assertThatThrownBy(
            () ->
                sql.sql(
                        """
                        update audit_log set details = '{"erased": true}', department_name = null where department_id = ?
                        """)
                    .param(department)
                    .update())
        .rootCause()
        .hasMessageContaining("append-only");
  }
}
