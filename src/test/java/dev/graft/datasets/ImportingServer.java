package dev.graft.datasets;

import static dev.graft.datasets.DatasetsApi.ok;
import static org.awaitility.Awaitility.await;

import dev.graft.artifacts.S3Server;
import dev.graft.artifacts.hub.HubDouble;
import dev.graft.pg.GraftIT;
import java.util.HashMap;
import java.util.Map;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;
import tools.jackson.databind.JsonNode;

/**
 * A server, one for these tests, that may import from two organisations of a hub and one folder of
 * a bucket.
 */
@GraftIT
abstract class ImportingServer extends OwnDepartment {
  static final int MB = 1 << 20;
  static final String TOKEN = "hf_the-token-of-tests";
  static final HubDouble HUB = HubDouble.started();
  static final String BUCKET = S3Server.shared().bucket();
  private static final S3Client S3 = S3Server.shared().client();

  @DynamicPropertySource
  static void sources(DynamicPropertyRegistry registry) {
    HUB.configure(registry);
    Map<String, String> settings = new HashMap<>();
    settings.put("graft.hub.token", TOKEN);
    settings.put("graft.datasets.sources.hf.organizations", "acme,rogue");
    String bucket = "graft.datasets.sources.s3[0].";
    settings.put(bucket + "bucket", BUCKET);
    settings.put(bucket + "prefix", "team");
    settings.put(bucket + "endpoint", S3Server.shared().endpoint().toString());
    settings.put(bucket + "path-style", "true");
    settings.put(bucket + "access-key", S3Server.ACCESS_KEY);
    settings.put(bucket + "secret-key", S3Server.SECRET_KEY);
    settings.put("graft.files.validate-inline", "64KB");
    settings.put("graft.files.max-upload-size", "2MB");
    settings.put("graft.files.max-stored", "3MB");
    settings.put("graft.files.max-pending", "5");
    settings.forEach((name, value) -> registry.add(name, () -> value));
  }

  static void put(String key, byte[] content) {
    S3.putObject(r -> r.bucket(BUCKET).key(key), RequestBody.fromBytes(content));
  }

  static Map<String, Object> wanted(String source) {
    Map<String, Object> body = new HashMap<>();
    body.put("source", source);
    body.put("purpose", "fine-tune");
    return body;
  }

  final JsonNode begun(Map<String, ?> body) throws Exception {
    return ok(api.post("files/imports", body));
  }

  final JsonNode begun(String source) throws Exception {
    return begun(wanted(source));
  }

  final JsonNode now(JsonNode begun) throws Exception {
    return ok(api.get("files/imports/" + text(begun, "id")));
  }

  final JsonNode ended(JsonNode begun) {
    return await().until(() -> now(begun), each -> !each.path("finished_at").isNull());
  }

  /** The file of an import that succeeds. */
  final JsonNode imported(Map<String, ?> body) throws Exception {
    JsonNode end = ended(begun(body));
    if (!text(end, "status").equals("succeeded")) throw new AssertionError(end.toString());
    return ok(api.get("files/" + text(end, "file_id")));
  }

  final JsonNode imported(String source) throws Exception {
    return imported(wanted(source));
  }

  /** Why an import fails. */
  final String failure(String source) throws Exception {
    JsonNode end = ended(begun(source));
    if (!text(end, "status").equals("failed")) throw new AssertionError(end.toString());
    return text(end, "error");
  }

  static String text(JsonNode object, String field) {
    return object.path(field).asString();
  }
}
