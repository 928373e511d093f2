package dev.graft.weights;

import java.nio.file.Path;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Reads a small JSON file that may be hostile: bounded size and depth, no key twice. */
public final class JsonFile {
  public static final JsonFactory FACTORY =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder().maxNestingDepth(32).maxNumberLength(64).build())
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .build();

  private static final JsonMapper MAPPER = JsonMapper.builder(FACTORY).build();

  private JsonFile() {}

  public static JsonFields read(Path file, int maxBytes) {
    String name = file.getFileName().toString();
    return parse(name, DirectoryFiles.bytes(file, maxBytes));
  }

  public static JsonFields parse(String name, byte[] bytes) {
    try {
      JsonNode node = MAPPER.readTree(bytes);
      if (node == null || !node.isObject()) throw new BadModel(name + " is not a JSON object");
      return new JsonFields(name, "", node);
    } catch (JacksonException e) {
      throw new BadModel(name + " is not valid JSON: " + where(e), e);
    }
  }

  /** The parser's own words without the excerpt of the document that it may add. */
  public static String where(JacksonException e) {
    String at =
        e.getLocation() == null || e.getLocation().getLineNr() < 1
            ? ""
            : " (line "
                + e.getLocation().getLineNr()
                + ", column "
                + e.getLocation().getColumnNr()
                + ")";
    String text = String.valueOf(e.getOriginalMessage());
    return (text.length() > 200 ? text.substring(0, 200) + "..." : text) + at;
  }
}
