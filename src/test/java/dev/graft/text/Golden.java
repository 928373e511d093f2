package dev.graft.text;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Reference results; the large files are outside the repository, in the directory GRAFT_PARITY. */
final class Golden {
  static final JsonMapper JSON = new JsonMapper();

  private Golden() {}

  static JsonNode resource(String name) {
    try (var in = Golden.class.getResourceAsStream(name)) {
      return JSON.readTree(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static JsonNode file(String name) {
    try {
      return JSON.readTree(Files.readString(directory("GRAFT_PARITY").resolve(name)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The SmolLM2 directory in GRAFT_SMOLLM2; it is not ours to keep in the repository. */
  static Tokenizer smollm2() {
    return Tokenizer.load(directory("GRAFT_SMOLLM2"));
  }

  private static Path directory(String variable) {
    String value = System.getenv(variable);
    Assumptions.assumeTrue(value != null, variable + " is not set");
    return Path.of(value);
  }
}
