package dev.graft.spec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code docs/methods.md} has a section for every method, with every setting that it has. */
class MethodsDocumentTests {
  private static final JsonMapper JSON = new JsonMapper();
  private static final List<String> OWN = List.of("full", "freeze", "bottleneck");

  /** Settings that a method needs to be one, beside its type. */
  private static final Map<String, String> NEEDED = Map.of("ADALORA", ", \"total_step\": 9");

  private static String document() {
    try {
      return Files.readString(Path.of("docs/methods.md"));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  static Stream<String> methods() {
    return Stream.concat(
        AdapterMethods.TYPES.stream().map("`peft_type` `%s`"::formatted),
        OWN.stream().map("`adapter.method` `%s`"::formatted));
  }

  @ParameterizedTest
  @MethodSource("methods")
  void aMethodHasASectionWithAllItsSettings(String method) {
    List<String> sections =
        Arrays.stream(document().split("(?m)^## "))
            .filter(each -> each.contains("\n\n" + method))
            .toList();
    assertThat(sections).as(method).hasSize(1);
    JsonNode settings = settings(method.substring(method.lastIndexOf(' ') + 2).replace("`", ""));
    assertThat(settings.propertyNames()).isNotEmpty();
    for (String name : settings.propertyNames()) {
      if (name.equals("type")) continue;
      assertThat(sections.getFirst()).as(method).contains("`" + name + "`");
    }
  }

  /** What the echo of a request says of a method. */
  private static JsonNode settings(String type) {
    boolean own = OWN.contains(type);
    String request =
        own
            ? "{\"method\": {\"type\": \"%s\"}}".formatted(type)
            : "{\"peft\": {\"peft_type\": \"%s\"%s}}"
                .formatted(type, NEEDED.getOrDefault(type, ""));
    TrainingSpec spec = TrainingSpec.resolve(JSON.readTree(request), null, null, null);
    return TrainingSpec.toJson(spec).path(own ? "method" : "peft");
  }

  @Test
  void theMethodsAreAllThatTheCodeHas() {
    assertThat(leaves(AdapterMethod.class)).hasSize((int) methods().count());
  }

  private static List<Class<?>> leaves(Class<?> type) {
    Class<?>[] kinds = type.getPermittedSubclasses();
    if (kinds == null) return List.of(type);
    List<Class<?>> leaves = new ArrayList<>();
    for (Class<?> each : kinds) leaves.addAll(leaves(each));
    return leaves;
  }

  @Test
  void everyExampleIsARequestThatIsTaken() {
    Matcher examples = Pattern.compile("(?m)^    \\{.*(?:\\n     .*)*").matcher(document());
    int count = 0;
    while (examples.find()) {
      String example = examples.group();
      assertThatCode(() -> TrainingSpec.resolve(JSON.readTree(example), null, null, null))
          .as(example)
          .doesNotThrowAnyException();
      count++;
    }
    assertThat(count).isGreaterThan(20);
  }
}
