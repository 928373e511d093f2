package dev.graft.artifacts;

import java.util.Arrays;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** {@code {"files":{"<path>":{"bytes":<n>,"sha256":"<hex>"},...}}} and nothing else. */
final class ManifestJson {
  static final int MAX_BYTES = 4 << 20;
  private static final JsonMapper JSON =
      JsonMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  private ManifestJson() {}

  static byte[] write(Manifest manifest) {
    ObjectNode root = JSON.createObjectNode();
    ObjectNode files = root.putObject("files");
    manifest
        .files()
        .forEach(
            (path, blob) ->
                files
                    .putObject(path)
                    .put("bytes", blob.bytes())
                    .put("sha256", blob.sha256().hex()));
    return bounded(JSON.writeValueAsBytes(root));
  }

  static Manifest read(byte[] json) {
    bounded(json);
    SortedMap<String, BlobRef> files = new TreeMap<>();
    for (Map.Entry<String, JsonNode> file : tree(json).path("files").properties()) {
      files.put(file.getKey(), blob(file.getKey(), file.getValue()));
    }
    Manifest manifest = new Manifest(files);
    // Byte equality refuses unknown keys, another order and white space all at once.
    if (!Arrays.equals(manifest.toJson(), json)) {
      throw new InvalidManifest("not in canonical form");
    }
    return manifest;
  }

  /** What one side writes the other reads. */
  private static byte[] bounded(byte[] json) {
    if (json.length <= MAX_BYTES) return json;
    throw new InvalidManifest("longer than " + MAX_BYTES + " bytes");
  }

  private static JsonNode tree(byte[] json) {
    try {
      return JSON.readTree(json);
    } catch (JacksonException e) {
      throw new InvalidManifest("not JSON: " + e.getOriginalMessage());
    }
  }

  private static BlobRef blob(String path, JsonNode value) {
    JsonNode bytes = value.path("bytes");
    JsonNode sha256 = value.path("sha256");
    boolean valid =
        bytes.isIntegralNumber()
            && bytes.canConvertToLong()
            && bytes.longValue() >= 0
            && sha256.isString()
            && sha256.stringValue().matches("[0-9a-f]{64}");
    if (!valid) {
      throw new InvalidManifest("file '" + path + "' has no valid bytes and sha256");
    }
    return new BlobRef(new Digest(sha256.stringValue()), bytes.longValue());
  }
}
