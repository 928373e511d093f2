package dev.graft.client;

import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Option;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Uploads a file to the server, a large one in parts. */
record TrainingFileUpload(GraftApi api, Path file, UploadOptions options) {
  private static final int PART = 64 << 20;

  /** Returns a file id as it is; uploads a local file and returns its id. */
  static String idOf(GraftApi api, String given) throws IOException {
    return idOf(api, given, UploadOptions.NONE);
  }

  static String idOf(GraftApi api, String given, UploadOptions options) throws IOException {
    if (given.startsWith("file-") && !Files.exists(Path.of(given))) return given;
    return new TrainingFileUpload(api, Path.of(given), options).send().path("id").asString();
  }

  /** Uploads the file ({@code POST /v1/files}, above 64 MiB {@code /v1/uploads}) and returns it. */
  JsonNode send() throws IOException {
    if (!Files.isRegularFile(file)) throw new NoSuchFileException(file + ": no such file");
    if (Files.size(file) > PART) return inParts();
    Map<String, String> fields = new LinkedHashMap<>(Map.of("purpose", options.purpose()));
    options.columns().forEach((field, column) -> fields.put("columns[" + field + "]", column));
    if (options.ignoreUnknownKeys()) fields.put("ignore_unknown_keys", "true");
    return api.send("/v1/files", fields, "file", name(), BodyPublishers.ofFile(file));
  }

  private JsonNode inParts() throws IOException {
    ObjectNode announced =
        ApiCommand.object()
            .put("filename", name())
            .put("purpose", options.purpose())
            .put("bytes", Files.size(file))
            .put("mime_type", "application/jsonl")
            .put("ignore_unknown_keys", options.ignoreUnknownKeys());
    options.columns().forEach(announced.withObject("columns")::put);
    JsonNode upload = api.post("/v1/uploads", announced);
    String path = "/v1/uploads/" + upload.path("id").asString();
    ArrayNode parts = ApiCommand.object().putArray("part_ids");
    try (InputStream bytes = Files.newInputStream(file)) {
      for (byte[] part = bytes.readNBytes(PART); part.length > 0; part = bytes.readNBytes(PART)) {
        var sent =
            api.send(path + "/parts", Map.of(), "data", "data", BodyPublishers.ofByteArray(part));
        parts.add(sent.path("id").asString());
      }
    }
    var order = ApiCommand.object();
    order.set("part_ids", parts);
    return api.post(path + "/complete", order).path("file");
  }

  private String name() {
    return file.getFileName().toString();
  }

  /** The purpose of an uploaded file, and how to read its rows. */
  static final class UploadOptions {
    static final UploadOptions NONE = new UploadOptions();

    @Option(
        names = "--column",
        paramLabel = "FIELD=COLUMN",
        description =
            "The CSV column for a field of the rows, such as user=question; repeat it for each"
                + " field.")
    private Map<String, String> columns = new LinkedHashMap<>();

    @Option(names = "--ignore-unknown-keys", description = "Ignore unknown keys and CSV columns.")
    private boolean ignoreUnknownKeys;

    @Option(
        names = "--purpose",
        defaultValue = "fine-tune",
        description =
            "The purpose of the file (${DEFAULT-VALUE}); administrators: user_data for a base model"
                + " in an archive.")
    private String purpose = "fine-tune";

    UploadOptions() {}

    UploadOptions(boolean ignoreUnknownKeys) {
      this.ignoreUnknownKeys = ignoreUnknownKeys;
    }

    /** Returns the column of each field; empty if none were given. */
    Map<String, String> columns() {
      return columns;
    }

    String purpose() {
      return purpose;
    }

    boolean ignoreUnknownKeys() {
      return ignoreUnknownKeys;
    }
  }
}
