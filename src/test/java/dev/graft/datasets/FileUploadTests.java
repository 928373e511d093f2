package dev.graft.datasets;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.artifacts.FileArtifactStore;
import dev.graft.platform.RequestFailed;
import dev.graft.tenancy.Actor;
import dev.graft.tenancy.Caller;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import org.apache.catalina.LifecycleException;
import org.apache.catalina.startup.Tomcat;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Multipart bodies as they come over a socket. */
class FileUploadTests {
  private static final long MAX = 64L << 20;

  @TempDir Path directory;
  private FileArtifactStore store;
  private Tomcat tomcat;

  @BeforeEach
  void start() throws IOException, LifecycleException {
    store = FileArtifactStore.open(directory.resolve("store"));
    tomcat = new Tomcat();
    tomcat.setBaseDir(directory.toString());
    tomcat.setPort(0);
    var context = tomcat.addContext("", directory.toString());
    Tomcat.addServlet(context, "upload", new Receiver(store));
    context.addServletMappingDecoded("/", "upload");
    tomcat.start();
  }

  @AfterEach
  void stop() throws IOException, LifecycleException {
    tomcat.stop();
    tomcat.destroy();
    store.close();
  }

  /** Answers with what it understood. */
  private static final class Receiver extends HttpServlet {
    private final transient FileArtifactStore store;

    Receiver(FileArtifactStore store) {
      this.store = store;
    }

    @Override
    protected void doPost(HttpServletRequest request, HttpServletResponse response)
        throws IOException {
      String answer;
      try (CreateFile.FileUploadBody upload =
          CreateFile.FileUploadBody.read(request, store, MAX, in -> in)) {
        Caller caller = new Caller("dept", "dept", new Actor("key_1", null, null, null), Set.of());
        NewFile file = FileFields.of(caller, upload);
        answer = file.filename() + " " + upload.content().ref().bytes() + " " + file.lifetime();
      } catch (RequestFailed e) {
        answer = e.type() + " " + e.param();
      }
      response.setCharacterEncoding(UTF_8.name());
      response.getWriter().print(answer);
    }
  }

  private String post(InputStream body) throws IOException, InterruptedException {
    URI uri = URI.create("http://localhost:" + tomcat.getConnector().getLocalPort() + "/");
    HttpRequest request =
        HttpRequest.newBuilder(uri)
            .header("Content-Type", "multipart/form-data; boundary=XX")
            .POST(BodyPublishers.ofInputStream(() -> body))
            .build();
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client.send(request, BodyHandlers.ofString()).body();
    }
  }

  private String post(String... parts) throws IOException, InterruptedException {
    String body = String.join("", parts) + "--XX--\r\n";
    return post(new ByteArrayInputStream(body.getBytes(UTF_8)));
  }

  private static String field(String name, String value) {
    return "--XX\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n%s\r\n"
        .formatted(name, value);
  }

  private static String file(String filename, String content) {
    return ("--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"%s\"\r\n"
            + "Content-Type: application/octet-stream\r\n\r\n%s\r\n")
        .formatted(filename, content);
  }

  @Test
  void fieldsMayComeBeforeOrAfterTheFile() throws Exception {
    assertThat(post(field("purpose", "fine-tune"), file("Größe.jsonl", "12345")))
        .isEqualTo("Größe.jsonl 5 null");
    assertThat(
            post(
                file("a.jsonl", ""),
                field("purpose", "fine-tune"),
                field("expires_after[anchor]", "created_at"),
                field("expires_after[seconds]", "3600")))
        .isEqualTo("a.jsonl 0 PT1H");
  }

  @Test
  void wrongFieldsAreNamed() throws Exception {
    String ok = field("purpose", "fine-tune");
    String file = file("a", "x");
    assertThat(post(ok)).isEqualTo("MISSING_PARAMETER file");
    assertThat(post(file)).isEqualTo("MISSING_PARAMETER purpose");
    assertThat(post(file, field("purpose", "batch"))).isEqualTo("INVALID_VALUE purpose");
    assertThat(post(file, field("purpose", "user_data"))).isEqualTo("PERMISSION_DENIED purpose");
    assertThat(post(ok, file, file)).isEqualTo("INVALID_VALUE file");
    assertThat(post(ok, file, field("model", "x"))).isEqualTo("UNKNOWN_PARAMETER model");
    assertThat(post(ok, file, field("expires_after[seconds]", "3600")))
        .isEqualTo("INVALID_VALUE expires_after[anchor]");
    String anchor = field("expires_after[anchor]", "created_at");
    for (String seconds : List.of("3599", "2592001", "-1", "1e4", "99999999999999")) {
      assertThat(post(ok, file, anchor, field("expires_after[seconds]", seconds)))
          .isEqualTo("INVALID_VALUE expires_after[seconds]");
    }
  }

  @Test
  void aBodyThatIsNoWholeFormIsRefused() throws Exception {
    assertThat(post(new ByteArrayInputStream("hello".getBytes(UTF_8))))
        .isEqualTo("INVALID_REQUEST null");
    String cut = field("purpose", "fine-tune") + file("a", "half");
    assertThat(post(new ByteArrayInputStream(cut.substring(0, cut.length() - 4).getBytes(UTF_8))))
        .isEqualTo("INVALID_REQUEST null");
    assertThat(post(field("x", "y").repeat(40))).isEqualTo("UNKNOWN_PARAMETER x");
  }

  @Test
  void aBodyPastTheLimitIsCutAndLeavesNothing() throws Exception {
    byte[] chunk = new byte[1 << 20];
    long chunks = 100;
    String head = field("purpose", "fine-tune") + file("big", "@").split("@")[0];
    InputStream body =
        new java.io.SequenceInputStream(
            Collections.enumeration(
                List.of(
                    new ByteArrayInputStream(head.getBytes(UTF_8)),
                    new Repeated(chunk, chunks),
                    new ByteArrayInputStream("\r\n--XX--\r\n".getBytes(UTF_8)))));
    tomcat.getConnector().setProperty("maxSwallowSize", "-1");
    assertThat(post(body)).isEqualTo("TOO_LARGE file");
    try (var files = java.nio.file.Files.walk(directory.resolve("store/tmp"))) {
      assertThat(files.filter(f -> f.toFile().length() > 1 << 20)).isEmpty();
    }
  }

  private static final class Repeated extends InputStream {
    private final byte[] chunk;
    private long left;

    Repeated(byte[] chunk, long times) {
      this.chunk = chunk;
      this.left = chunk.length * times;
    }

    @Override
    public int read() {
      return left-- > 0 ? 0 : -1;
    }

    @Override
    public int read(byte[] target, int offset, int length) {
      if (left <= 0) {
        return -1;
      }
      int n = (int) Math.min(Math.min(left, length), chunk.length);
      System.arraycopy(chunk, 0, target, offset, n);
      left -= n;
      return n;
    }
  }
}
