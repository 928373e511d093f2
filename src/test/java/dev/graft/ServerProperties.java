package dev.graft;

import java.io.IOException;
import java.lang.annotation.Annotation;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.context.properties.bind.Name;
import org.springframework.context.annotation.ClassPathScanningCandidateComponentProvider;
import org.springframework.core.type.filter.AnnotationTypeFilter;
import org.springframework.util.unit.DataSize;

/** Every property of a server and a worker, as its records declare it. */
final class ServerProperties {
  private static final Path SOURCES = Path.of("src/main/java");
  private static final Pattern PLACEHOLDER = Pattern.compile("\\$\\{(graft\\.[\\w.-]+):([^}]*)}");
  private static final Pattern CONDITION =
      Pattern.compile("ConditionalOnProperty\\(name = \"(graft\\.[\\w.-]+)\"");

  private ServerProperties() {}

  /**
   * One property.
   *
   * @param meaning from the documentation of its record; empty where it has none
   */
  record Property(String name, String byDefault, String value, String meaning) {}

  /** The records by their prefixes. */
  static Map<String, Class<?>> records() {
    var scanner = new ClassPathScanningCandidateComponentProvider(false);
    scanner.addIncludeFilter(new AnnotationTypeFilter(ConfigurationProperties.class));
    Map<String, Class<?>> records = new TreeMap<>();
    scanner
        .findCandidateComponents("dev.graft")
        .forEach(
            found -> {
              Class<?> type = type(String.valueOf(found.getBeanClassName()));
              records.put(type.getAnnotation(ConfigurationProperties.class).value(), type);
            });
    return records;
  }

  private static Class<?> type(String name) {
    try {
      return Class.forName(name);
    } catch (ClassNotFoundException e) {
      throw new AssertionError(e);
    }
  }

  /** Those of one record, those of its inner ones in dots. */
  static List<Property> of(String prefix, Class<?> type) throws IOException {
    List<Property> properties = new ArrayList<>();
    Map<String, String> meanings = meanings(type);
    for (RecordComponent component : type.getRecordComponents()) {
      Name named = annotation(component, Name.class);
      String name = prefix + "." + (named == null ? dashed(component.getName()) : named.value());
      Class<?> inner = inner(component);
      if (inner != null) {
        properties.addAll(of(component.getType() == List.class ? name + "[]" : name, inner));
        continue;
      }
      properties.add(
          new Property(
              name,
              byDefault(name, component),
              value(component),
              meanings.getOrDefault(component.getName(), "")));
    }
    return properties;
  }

  /** Those that a schedule or a condition names, and no record has. */
  static List<Property> others() throws IOException {
    Map<String, Property> others = new TreeMap<>();
    try (Stream<Path> files = Files.walk(SOURCES)) {
      for (Path file : files.filter(each -> each.toString().endsWith(".java")).toList()) {
        String source = Files.readString(file);
        Matcher placeholder = PLACEHOLDER.matcher(source);
        while (placeholder.find()) {
          String name = placeholder.group(1);
          others.put(name, new Property(name, "`" + placeholder.group(2) + "`", "duration", ""));
        }
        Matcher condition = CONDITION.matcher(source);
        while (condition.find()) {
          String name = condition.group(1);
          others.put(name, new Property(name, "`true`", "`true`, `false`", ""));
        }
      }
    }
    for (Map.Entry<String, Class<?>> each : records().entrySet()) {
      of(each.getKey(), each.getValue()).forEach(property -> others.remove(property.name()));
    }
    return List.copyOf(others.values());
  }

  private static @Nullable Class<?> inner(RecordComponent component) {
    Class<?> type = component.getType() == List.class ? element(component) : component.getType();
    return type.isRecord() && type.getName().startsWith("dev.graft") ? type : null;
  }

  private static Class<?> element(RecordComponent list) {
    Type argument = ((ParameterizedType) list.getGenericType()).getActualTypeArguments()[0];
    return (Class<?>) argument;
  }

  private static String byDefault(String name, RecordComponent component) throws IOException {
    String configured = configured().get(name);
    if (configured != null) return "`" + configured + "`";
    DefaultValue given = annotation(component, DefaultValue.class);
    if (given == null || given.value().length == 0) return "none";
    return "`" + String.join(",", given.value()) + "`";
  }

  /** What {@code application.yml} sets for all. */
  private static Map<String, String> configured() throws IOException {
    Matcher block =
        Pattern.compile("(?m)^graft:\\n((?:  \\S+: .*\\n)+)")
            .matcher(Files.readString(Path.of("src/main/resources/application.yml")));
    if (!block.find()) throw new AssertionError("application.yml says nothing of graft");
    return block
        .group(1)
        .lines()
        .map(line -> line.strip().split(": ", 2))
        .filter(pair -> !pair[1].endsWith(":}"))
        .collect(Collectors.toMap(pair -> "graft." + pair[0], pair -> pair[1]));
  }

  /** The annotation is on the parameter of the constructor. */
  private static <A extends Annotation> @Nullable A annotation(
      RecordComponent component, Class<A> type) {
    return Arrays.stream(component.getDeclaringRecord().getDeclaredConstructors())
        .flatMap(constructor -> Arrays.stream(constructor.getParameters()))
        .filter(parameter -> parameter.getName().equals(component.getName()))
        .findFirst()
        .map(parameter -> parameter.getAnnotation(type))
        .orElse(null);
  }

  private static String value(RecordComponent component) {
    Class<?> type = component.getType();
    if (type == List.class) return "list of " + word(element(component)) + "s";
    if (type == Map.class) return "map of texts";
    return word(type);
  }

  private static String word(Class<?> type) {
    if (type == Duration.class) return "duration";
    if (type == DataSize.class) return "size";
    if (type == boolean.class) return "`true`, `false`";
    if (type == int.class || type == Integer.class || type == long.class) return "whole number";
    if (type == Path.class) return "path";
    if (type == URI.class) return "URL";
    if (type.isEnum()) {
      return Arrays.stream(type.getEnumConstants())
          .map(
              each ->
                  "`" + ((Enum<?>) each).name().toLowerCase(Locale.ROOT).replace('_', '-') + "`")
          .collect(Collectors.joining(", "));
    }
    if (type == String.class) return "text";
    throw new AssertionError("say in the page what a " + type + " is");
  }

  private static String dashed(String name) {
    return name.replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
  }

  /** What the documentation of a record says of its components. */
  private static Map<String, String> meanings(Class<?> type) throws IOException {
    Class<?> file = type;
    while (file.getDeclaringClass() != null) file = file.getDeclaringClass();
    String source = Files.readString(SOURCES.resolve(file.getName().replace('.', '/') + ".java"));
    int at = source.indexOf("record " + type.getSimpleName() + "(");
    int begin = source.lastIndexOf("/**", at);
    int end = source.indexOf("*/", begin);
    Map<String, String> meanings = new TreeMap<>();
    if (begin < 0 || source.substring(end, at).contains(";")) return meanings;
    String text = source.substring(begin + 3, end).replaceAll("\\n\\s*\\*", " ");
    for (String part : text.split("@param ")) {
      String[] words = part.strip().split("\\s+", 2);
      if (words.length == 2) meanings.put(words[0], plain(words[1]));
    }
    return meanings;
  }

  private static String plain(String javadoc) {
    return javadoc
        .replaceAll("\\{@code\\s+([^}]*)}", "`$1`")
        .replaceAll("(?:,|;) see \\{@link [^}]*}", "")
        .replaceAll("(?:,|;) see `[A-Z]\\w+`", "")
        .replaceAll("\\s+", " ")
        .replace("|", "\\|")
        .strip();
  }

  /** All of them, by name. */
  static List<Property> all() throws IOException {
    List<Property> all = new ArrayList<>(others());
    for (Map.Entry<String, Class<?>> each : records().entrySet()) {
      all.addAll(of(each.getKey(), each.getValue()));
    }
    all.sort(Comparator.comparing(Property::name));
    return all;
  }
}
