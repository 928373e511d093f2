package dev.graft.artifacts;

import java.util.Arrays;
import java.util.Collections;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * The files of one result, by relative path: a directory as content. Its canonical JSON is itself a
 * blob. Throws {@link InvalidManifest} for a path that could leave the directory.
 */
public record Manifest(SortedMap<String, BlobRef> files) {
  public Manifest {
    files = Collections.unmodifiableSortedMap(new TreeMap<>(files));
    ManifestPaths.check(files.keySet());
  }

  /**
   * Returns canonical JSON: sorted keys, no white space, UTF-8; equal directories give equal bytes.
   * Throws {@link InvalidManifest} for more than 4 MiB or 10,000 files, which readers do not
   * accept.
   */
  public byte[] toJson() {
    return ManifestJson.write(this);
  }

  /**
   * Reads what {@link #toJson} wrote, byte for byte; refuses anything else, and unsafe paths
   * (absolute, {@code ..}, empty), with {@link InvalidManifest}.
   */
  public static Manifest parse(byte[] json) {
    return ManifestJson.read(json);
  }

  /** Returns the size of all files together. */
  public long bytes() {
    return files.values().stream().mapToLong(BlobRef::bytes).reduce(0, Math::addExact);
  }

  /** {@code {"files":{"<path>":{"bytes":<n>,"sha256":"<hex>"},...}}} and nothing else. */
  static final class ManifestJson {
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

    /** Applies the same limit to writing and reading. */
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

  /** Checks the paths of a manifest: none may lead out of its directory. */
  static final class ManifestPaths {
    private static final int MAX_FILES = 10_000;
    private static final int MAX_LENGTH = 512;

    private ManifestPaths() {}

    static void check(Set<String> paths) {
      if (paths.size() > MAX_FILES) {
        throw new InvalidManifest("more than " + MAX_FILES + " files");
      }
      for (String path : paths) {
        check(path);
        for (int slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
          if (paths.contains(path.substring(0, slash))) {
            throw new InvalidManifest("'" + path + "' lies in a path that is itself a file");
          }
        }
      }
    }

    private static void check(String path) {
      boolean printable = path.chars().allMatch(c -> c >= ' ' && c != 0x7f && c != '\\');
      if (!printable || path.length() > MAX_LENGTH) {
        throw new InvalidManifest("a path has control characters, a backslash, or is too long");
      }
      for (String segment : path.split("/", -1)) {
        if (segment.isEmpty() || segment.equals(".") || segment.equals("..")) {
          throw new InvalidManifest("path '" + path + "' is not a plain relative path");
        }
      }
    }
  }

  /** A manifest that is not a valid directory; the message names the entry and the reason. */
  public static final class InvalidManifest extends RuntimeException {
    InvalidManifest(String message) {
      super(message);
    }
  }
}
