package dev.graft.datasets;

import static dev.graft.datasets.DatasetsApi.error;
import static dev.graft.datasets.DatasetsApi.id;
import static dev.graft.datasets.DatasetsApi.ok;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.graft.pg.GraftIT;
import dev.graft.tenancy.ApiKeys;
import dev.graft.tenancy.Caller;
import dev.graft.tenancy.Departments;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.Socket;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.test.context.TestPropertySource;

/** Room and a place that an upload has before its first byte; the server is that of UploadsIT. */
@GraftIT
@TestPropertySource(
    properties = {
      "graft.files.validate-inline=64KB",
      "graft.files.max-part-size=256KB",
      "graft.files.max-upload-size=2MB",
      "graft.files.max-stored=3MB",
      "graft.files.max-concurrent=6",
      "graft.files.max-pending=5"
    })
class ReservationsIT {
  private static final int MB = 1 << 20;
  private static final Map<String, String> TO_TRAIN_ON = Map.of("purpose", "fine-tune");
  private static final String HEAD =
      "--X\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nfine-tune\r\n"
          + "--X\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.jsonl\"\r\n\r\n";
  private static final String END = "\r\n--X--\r\n";

  @LocalServerPort int port;
  @Autowired Departments departments;
  @Autowired ApiKeys keys;
  @Autowired JdbcClient sql;
  private String department = "";
  private String key = "";
  private DatasetsApi api = new DatasetsApi(0, "");

  @BeforeEach
  void newDepartment() {
    department = departments.ensure("d-" + UUID.randomUUID());
    key = keys.create(department, Caller.Scope.USER).secret();
    api = new DatasetsApi(port, key);
  }

  @Test
  void ofTwoFilesAtOnceThatHaveRoomForOneTheSecondIsRefusedBeforeItIsRead() throws Exception {
    byte[] content = rows(2 * MB);
    try (Socket first = begun(content.length)) {
      await().until(() -> reserved() >= content.length);
      HttpResponse<String> refused = api.file("b.jsonl", content, TO_TRAIN_ON);
      assertThat(error(refused, 429).get("code").stringValue()).isEqualTo("insufficient_quota");
      Map<String, Object> upload =
          Map.of(
              "filename",
              "c",
              "purpose",
              "fine-tune",
              "bytes",
              MB + MB / 2,
              "mime_type",
              "application/jsonl");
      error(api.post("uploads", upload), 429);
      ok(api.file("small.jsonl", rows(MB / 4), TO_TRAIN_ON));
      first.getOutputStream().write(content);
      first.getOutputStream().write(END.getBytes(UTF_8));
      first.getOutputStream().flush();
      assertThat(new String(first.getInputStream().readNBytes(12), UTF_8))
          .isEqualTo("HTTP/1.1 200");
    }
    await().until(() -> reserved() == 0);
    error(api.file("b.jsonl", rows(MB), TO_TRAIN_ON), 429);
    ok(api.file("b.jsonl", rows(MB / 2), TO_TRAIN_ON));
  }

  @Test
  void anUploadThatIsRefusedInTheEndGivesItsRoomBack() throws Exception {
    byte[] content = rows(2 * MB);
    try (Socket broken = begun(content.length)) {
      await().until(() -> reserved() >= content.length);
      broken.getOutputStream().write(content);
      broken.getOutputStream().write(new byte[END.length()]);
      broken.getOutputStream().flush();
      assertThat(new String(broken.getInputStream().readNBytes(12), UTF_8))
          .isEqualTo("HTTP/1.1 400");
    }
    ok(api.file("a.jsonl", rows(MB / 2), TO_TRAIN_ON));
    await().until(() -> reserved() == 0);
    ok(api.file("b.jsonl", rows(2 * MB), TO_TRAIN_ON));
  }

  @Test
  void whatAServerThatDiedHadReservedEndsByItself() throws Exception {
    reserve(3 * MB, "1 minute");
    error(api.file("a.jsonl", rows(MB), TO_TRAIN_ON), 429);
    sql.sql("update storage_reservation set expires_at = graft_now() where department_id = ?")
        .param(department)
        .update();
    ok(api.file("a.jsonl", rows(MB), TO_TRAIN_ON));
    assertThat(reservations()).as("forgotten as well").isZero();
  }

  @Test
  void oneMoreThanMayArriveAtOnceIsToldToComeAgain() throws Exception {
    String upload =
        id(
            ok(
                api.post(
                    "uploads",
                    Map.of(
                        "filename",
                        "c",
                        "purpose",
                        "fine-tune",
                        "bytes",
                        5,
                        "mime_type",
                        "application/jsonl"))));
    for (int i = 0; i < 6; i++) reserve(0, "1 minute");
    for (HttpResponse<String> refused :
        new HttpResponse[] {
          api.file("a.jsonl", rows(100), TO_TRAIN_ON), api.part(upload, new byte[5])
        }) {
      assertThat(error(refused, 429).get("code").stringValue()).isEqualTo("rate_limit_exceeded");
      assertThat(refused.headers().firstValue("retry-after")).contains("1");
      assertThat(refused.headers().firstValue("x-should-retry")).isNotEqualTo("false");
    }
    DatasetsApi another =
        new DatasetsApi(
            port,
            keys.create(departments.ensure("d-" + UUID.randomUUID()), Caller.Scope.USER).secret());
    ok(another.file("a.jsonl", rows(100), TO_TRAIN_ON));
    sql.sql("delete from storage_reservation where department_id = ?").param(department).update();
    ok(api.part(upload, new byte[5]));
  }

  /** Of one that does not say its length, what is left is the limit. */
  @Test
  void aRequestOfUnknownLengthHasWhatIsLeft() throws Exception {
    ok(api.file("a.jsonl", rows(2 * MB), TO_TRAIN_ON));
    ok(chunked(rows(MB / 4)));
    error(chunked(rows(MB)), 413);
    assertThat(reservations()).isZero();
    ok(chunked(rows(MB / 4)));
  }

  private HttpResponse<String> chunked(byte[] content) throws Exception {
    byte[] body = (HEAD + new String(content, UTF_8) + END).getBytes(UTF_8);
    return DatasetsApi.send(
        api.to("files")
            .header("Content-Type", "multipart/form-data; boundary=X")
            .POST(BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(body))));
  }

  /** A request whose file is still to come. */
  private Socket begun(int bytes) throws IOException {
    Socket socket = new Socket("127.0.0.1", port);
    String request =
        """
        POST /v1/files HTTP/1.1\r
        Host: 127.0.0.1:%d\r
        Authorization: Bearer %s\r
        Content-Type: multipart/form-data; boundary=X\r
        Content-Length: %d\r
        Connection: close\r
        \r
        """
            .formatted(port, key, HEAD.length() + bytes + END.length());
    socket.getOutputStream().write((request + HEAD).getBytes(UTF_8));
    socket.getOutputStream().flush();
    return socket;
  }

  private void reserve(long bytes, String interval) {
    sql.sql(
            """
            insert into storage_reservation (id, department_id, bytes, expires_at)
            values (?, ?, ?, graft_now() + ?::interval)
            """)
        .params("reservation_" + UUID.randomUUID(), department, bytes, interval)
        .update();
  }

  private long reserved() {
    return sql.sql(
            "select coalesce(sum(bytes), 0)::bigint from storage_reservation where department_id ="
                + " ?")
        .param(department)
        .query(Long.class)
        .single();
  }

  private long reservations() {
    return sql.sql("select count(*) from storage_reservation where department_id = ?")
        .param(department)
        .query(Long.class)
        .single();
  }

  private static byte[] rows(int bytes) {
    String row = "{\"text\":\"some words\"}\n";
    return row.repeat(bytes / row.length()).getBytes(UTF_8);
  }
}
