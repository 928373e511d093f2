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
 * What an adapter's directory says of it in words: front matter of {@code README.md}, settings of
 * {@code generation_config.json}. Read as hostile input.
 *
 * @param name of the directory, or what stands for it
 * @param fields of the front matter: texts, lists and maps
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
   * As {@link #read}, named after the base that the configuration names: wherever a copy of the
   * directory lies, it says the same.
   *
   * @param otherwise what stands for the directory where no base is named
   * @throws BadModel if a file cannot be understood
   */
  public static AdapterCard named(Path directory, String otherwise) {
    String base = SavedAdapter.config(directory).text("base_model_name_or_path");
    return read(directory, base == null || base.isBlank() ? otherwise : name(base) + "-lora");
  }

  /** Of a path on some machine its end; {@code organisation/model} as it is. */
  private static String name(String base) {
    String plain = base.replace('\\', '/').replaceFirst("/+$", "");
    boolean path = plain.startsWith(".") || plain.indexOf('/') != plain.lastIndexOf('/');
    return path || plain.startsWith("/") ? plain.substring(plain.lastIndexOf('/') + 1) : plain;
  }

  /**
   * Either file may be missing.
   *
   * @throws BadModel if one cannot be understood
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

  /** Norwegian is a language, not false; tabs are no YAML, but occur. */
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
      throw new BadModel(CARD + ": its front matter is not valid YAML", e);
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

  /** The first of these fields that is a text; null = none is. */
  public @Nullable String text(String... keys) {
    for (String key : keys) {
      if (fields.get(key) instanceof String text) return text;
    }
    return null;
  }

  /** The texts of a field, one or many, without anything else in it. */
  public List<String> texts(String key) {
    return switch (fields.get(key)) {
      case String text -> List.of(text);
      case List<?> list ->
          list.stream().filter(String.class::isInstance).map(String.class::cast).toList();
      case null, default -> List.of();
    };
  }
}
