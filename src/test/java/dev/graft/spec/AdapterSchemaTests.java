package dev.graft.spec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.dialect.Dialects;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** The schema and the readers say the same of every field. */
class AdapterSchemaTests {
  private static final JsonMapper JSON = new JsonMapper();
  private static final Schema SCHEMA =
      SchemaRegistry.withDialect(Dialects.getDraft202012()).getSchema(AdapterSchema.json());

  /** What PEFT's files say and nobody reads: any value passes. */
  private static final Set<String> UNREAD =
      Set.of(
          "auto_mapping",
          "base_model_name_or_path",
          "fan_in_fan_out",
          "inference_mode",
          "megatron_core",
          "num_attention_heads",
          "num_layers",
          "peft_version",
          "qalora_group_size",
          "revision",
          "runtime_config",
          "token_dim",
          "tokenizer_name_or_path");

  private static List<String> problems(String adapter) {
    return SCHEMA.validate(JSON.readTree(adapter)).stream().map(Object::toString).toList();
  }

  private static List<String> refused(String adapter) {
    SpecRejected rejected =
        catchThrowableOfType(
            SpecRejected.class,
            () -> TrainingSpec.resolve(JSON.readTree(adapter), null, null, null));
    return rejected == null
        ? List.of()
        : rejected.problems().stream().map(SpecRejected.Problem::path).toList();
  }

  @Test
  void everyExampleOfTheDocumentationIsValid() throws IOException {
    Matcher examples =
        Pattern.compile("(?m)^    \\{.*(?:\\n     .*)*")
            .matcher(Files.readString(Path.of("docs/methods.md")));
    int count = 0;
    while (examples.find()) {
      assertThat(problems(examples.group())).as(examples.group()).isEmpty();
      count++;
    }
    assertThat(count).isGreaterThan(20);
  }

  @Test
  void presetsConfigurationsAndParentsAreValidInTheirForms() {
    for (String form :
        List.of(
            "\"balanced\"",
            "{}",
            "{\"config\": \"support\", \"version\": 2, \"peft\": {\"init_r\": 4}}",
            "{\"continue_from\": \"ad_1\", \"training\": {\"max_steps\": 9}}")) {
      assertThat(problems(form)).as(form).isEmpty();
    }
    assertThat(problems("{\"config\": \"support\", \"training\": {\"steps\": 1}}")).isNotEmpty();
    assertThat(problems("{\"version\": 2}")).isNotEmpty();
    assertThat(problems("7")).isNotEmpty();
  }

  /** What a method's echo says, the schema knows. */
  @TestFactory
  Stream<DynamicTest> theEchoOfEveryMethodIsValid() {
    return methods().entrySet().stream()
        .map(
            method ->
                DynamicTest.dynamicTest(
                    method.getKey(),
                    () -> {
                      JsonNode request = JSON.readTree(method.getValue());
                      String echo =
                          TrainingSpec.toJson(TrainingSpec.resolve(request, null, null, null))
                              .toString();
                      assertThat(problems(echo)).as(echo).isEmpty();
                    }));
  }

  private static TreeMap<String, String> methods() {
    TreeMap<String, String> methods = new TreeMap<>();
    for (String type : AdapterMethods.TYPES) {
      String more = type.equals("ADALORA") ? ", \"total_step\": 9" : "";
      methods.put(type, "{\"peft\": {\"peft_type\": \"" + type + "\"" + more + "}}");
    }
    for (String type : List.of("full", "freeze", "bottleneck")) {
      methods.put(type, "{\"method\": {\"type\": \"" + type + "\"}}");
    }
    return methods;
  }

  /** One value outside of what the schema says, for each field: the readers refuse it there. */
  @TestFactory
  Stream<DynamicTest> whatTheSchemaRefusesTheReadersRefuse() {
    List<DynamicTest> tests = new ArrayList<>();
    for (String part : List.of("training", "data", "output", "quantization")) {
      wrongValues(strict().at("/properties/" + part), "{\"" + part + "\": {%s}}", part, tests);
    }
    for (JsonNode method : strict().at("/properties/peft/anyOf")) {
      if (!method.has("title")) continue;
      String type = "{\"peft\": {\"peft_type\": \"" + method.path("title").asString() + "\", %s}}";
      wrongValues(method, type, "peft", tests);
    }
    for (JsonNode method : strict().at("/properties/method/anyOf")) {
      if (!method.has("title")) continue;
      String type = "{\"method\": {\"type\": \"" + method.path("title").asString() + "\", %s}}";
      wrongValues(method, type, "method", tests);
    }
    assertThat(tests).hasSizeGreaterThan(150);
    return tests.stream();
  }

  private static void wrongValues(
      JsonNode object, String request, String part, List<DynamicTest> tests) {
    assertThat(object.path("additionalProperties").asBoolean(true)).as(part).isFalse();
    tests.add(wrong(request.formatted("\"colour\": 1"), part + ".colour"));
    for (String field : object.path("properties").propertyNames()) {
      if (field.equals("peft_type") || field.equals("type")) continue;
      JsonNode said = object.path("properties").get(field);
      if (UNREAD.contains(field) && !said.has("anyOf")) continue;
      assertThat(said.isEmpty()).as(part + "." + field + " says something").isFalse();
      String value = said.has("maximum") ? above(said) : "[[\"nothing takes this\"]]";
      tests.add(wrong(request.formatted("\"" + field + "\": " + value), part + "." + field));
    }
  }

  private static String above(JsonNode said) {
    return String.valueOf(said.get("maximum").doubleValue() * 2 + 1);
  }

  private static DynamicTest wrong(String request, String path) {
    return DynamicTest.dynamicTest(
        request,
        () -> {
          assertThat(problems(request)).as("the schema").isNotEmpty();
          assertThat(refused(request))
              .as("the readers")
              .anyMatch(at -> at.startsWith("adapter." + path));
        });
  }

  /** Whatever the schema lists, the readers take, alone or with what belongs to it. */
  @Test
  void noChoiceIsListedThatTheReadersDoNotKnow() {
    for (String part : List.of("training", "quantization")) {
      JsonNode properties = strict().at("/properties/" + part + "/properties");
      for (String field : properties.propertyNames()) {
        for (JsonNode choice : properties.get(field).path("enum")) {
          String request = "{\"%s\": {\"%s\": %s}}".formatted(part, field, choice);
          SpecRejected rejected =
              catchThrowableOfType(
                  SpecRejected.class,
                  () -> TrainingSpec.resolve(JSON.readTree(request), null, null, null));
          if (rejected == null) continue;
          assertThat(rejected.problems())
              .as(request)
              .noneMatch(problem -> problem.message().startsWith("must be one of"));
        }
      }
    }
  }

  /** The form that says its settings itself. */
  private static ObjectNode strict() {
    return (ObjectNode) AdapterSchema.json().path("anyOf").get(2);
  }
}
