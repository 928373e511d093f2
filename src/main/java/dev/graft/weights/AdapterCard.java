package dev.graft.weights;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.YAMLException;

/**
 * The description in an adapter's directory: front matter of {@code README.md} and settings of
 * {@code generation_config.json}, read as hostile input.
 *
 * @param name name of the directory, or a substitute
 * @param fields fields of the front matter: texts, lists and maps
 */
public record AdapterCard(String name, Map<String, Object> fields, Map<String, Object> generation) {
  private static final String CARD = "README.md";
  private static final String GENERATION = "generation_config.json";
  private static final String FENCE = "---";
  private static final int MAX_BYTES = 1 << 20;
  private static final int MAX_DEPTH = 16;

  public AdapterCard {
    fields = Map.copyOf(fields);
    generation = Map.copyOf(generation);
  }

  /**
   * Like {@link #read}, but named after the base in the configuration, so that all copies of the
   * directory have the same name.
   *
   * @param otherwise the name if the configuration names no base
   * @throws BadModel if a file is invalid
   */
  public static AdapterCard named(Path directory, String otherwise) {
    String base = SavedAdapter.config(directory).text("base_model_name_or_path");
    return read(directory, base == null || base.isBlank() ? otherwise : name(base) + "-lora");
  }

  /** Returns the last part of a path, but {@code organisation/model} unchanged. */
  private static String name(String base) {
    String plain = base.replace('\\', '/').replaceFirst("/+$", "");
    boolean path = plain.startsWith(".") || plain.indexOf('/') != plain.lastIndexOf('/');
    return path || plain.startsWith("/") ? plain.substring(plain.lastIndexOf('/') + 1) : plain;
  }

  /**
   * Reads both files, which may be missing.
   *
   * @throws BadModel if a file is invalid
   */
  public static AdapterCard read(Path directory, String name) {
    DirectoryFiles files = new DirectoryFiles(directory);
    Map<String, Object> fields =
        files.has(CARD)
            ? frontMatter(DirectoryFiles.bytes(files.require(CARD), MAX_BYTES))
            : Map.of();
    Map<String, Object> generation = new LinkedHashMap<>();
    if (files.has(GENERATION)) {
      JsonFields.read(files.require(GENERATION), MAX_BYTES)
          .node()
          .forEachEntry(
              (key, value) -> {
                if (value.isNumber()) generation.put(key, value.numberValue());
                else if (value.isString()) generation.put(key, value.stringValue());
              });
    }
    return new AdapterCard(name, fields, generation);
  }

  /** Reads YAML leniently: {@code no} is Norwegian and not false, and tabs are accepted. */
  private static Map<String, Object> frontMatter(byte[] card) {
    List<String> lines = new String(card, StandardCharsets.UTF_8).lines().toList();
    if (lines.isEmpty() || !lines.getFirst().equals(FENCE)) return Map.of();
    List<String> matter =
        lines.stream()
            .skip(1)
            .takeWhile(line -> !line.equals(FENCE))
            .map(line -> line.replace("\t", "  "))
            .map(line -> line.endsWith("- no") ? line.replaceFirst("no$", "\"no\"") : line)
            .toList();
    LoaderOptions options = new LoaderOptions();
    options.setNestingDepthLimit(MAX_DEPTH);
    options.setMaxAliasesForCollections(0);
    options.setAllowDuplicateKeys(true);
    try {
      Object read = new Yaml(new SafeConstructor(options)).load(String.join("\n", matter));
      return read instanceof Map<?, ?> map ? texts(map) : Map.of();
    } catch (YAMLException e) {
      throw new BadModel(CARD + ": the front matter is not valid YAML", e);
    }
  }

  private static Map<String, Object> texts(Map<?, ?> map) {
    Map<String, Object> texts = new LinkedHashMap<>();
    map.forEach(
        (key, value) -> {
          Object text = text(value);
          if (key != null && text != null) texts.put(String.valueOf(key), text);
        });
    return texts;
  }

  private static @Nullable Object text(@Nullable Object value) {
    return switch (value) {
      case null -> null;
      case Map<?, ?> map -> texts(map);
      case Iterable<?> list -> {
        List<Object> texts = new ArrayList<>();
        for (Object each : list) {
          Object text = text(each);
          if (text != null) texts.add(text);
        }
        yield List.copyOf(texts);
      }
      default -> String.valueOf(value);
    };
  }

  /** Returns the first of these fields that is a text; null if there is none. */
  public @Nullable String text(String... keys) {
    for (String key : keys) {
      if (fields.get(key) instanceof String text) return text;
    }
    return null;
  }

  /** Returns the texts of a field, which is a text or a list. */
  public List<String> texts(String key) {
    return switch (fields.get(key)) {
      case String text -> List.of(text);
      case List<?> list ->
          list.stream().filter(String.class::isInstance).map(String.class::cast).toList();
      case null, default -> List.of();
    };
  }
}
