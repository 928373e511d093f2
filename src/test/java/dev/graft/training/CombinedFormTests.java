package dev.graft.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.graft.spec.ExportForm;
import dev.graft.spec.ExportForm.Combined;
import dev.graft.weights.MappedTensor;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import dev.graft.weights.SafetensorsFile;
import dev.graft.weights.SavedAdapter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Against what PEFT gives: {@code quality/golden_combined.py}. */
class CombinedFormTests {
  private static final Path MODEL = Path.of("src/test/resources/parity/models/llama");
  private static final Path CASES = Path.of("src/test/resources/combined");
  private static final String A = ".lora_A.weight";
  private static final String B = ".lora_B.weight";

  private static JsonNode json() throws IOException {
    return JsonMapper.shared().readTree(Files.readString(CASES.resolve("cases.json")));
  }

  static Stream<String> cases() throws IOException {
    return json().propertyNames().stream();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void theFactorsArePefts(String name) throws IOException {
    Combined form = form(json().path(name));
    Map<String, NamedTensor> made = NamedTensor.byName(combined(json().path(name)).tensors());
    try (SafetensorsFile golden = SafetensorsFile.open(CASES.resolve(name + ".safetensors"))) {
      List<NamedTensor> expected = golden.tensors().stream().map(MappedTensor::widened).toList();
      assertThat(made.keySet())
          .containsExactlyInAnyOrderElementsOf(NamedTensor.byName(expected).keySet());
      if (form.combination().type().decomposes()) {
        assertProducts(made, NamedTensor.byName(expected));
      } else {
        for (NamedTensor each : expected) {
          assertThat(values(made, each.name()))
              .as(each.name())
              .containsExactly(each.toFloats(), within(1e-6f));
        }
      }
    }
  }

  /** Of singular vectors the signs are free. */
  private static void assertProducts(
      Map<String, NamedTensor> made, Map<String, NamedTensor> expected) {
    for (String a : expected.keySet().stream().filter(each -> each.endsWith(A)).toList()) {
      String b = a.replace(A, B);
      int in = Math.toIntExact(expected.get(a).shape()[1]);
      assertThat(product(values(made, b), values(made, a), in))
          .as(a)
          .containsExactly(product(values(expected, b), values(expected, a), in), within(1e-5f));
    }
  }

  private static float[] values(Map<String, NamedTensor> tensors, String name) {
    return tensors.get(name).toFloats();
  }

  private static float[] product(float[] b, float[] a, int in) {
    int rank = a.length / in;
    float[] product = new float[b.length / rank * in];
    for (int i = 0; i < product.length; i++) {
      double sum = 0;
      for (int k = 0; k < rank; k++) sum += (double) b[i / in * rank + k] * a[k * in + i % in];
      product[i] = (float) sum;
    }
    return product;
  }

  private static Combined form(JsonNode asked) {
    ObjectNode options = asked.asObject().deepCopy();
    JsonNode names = options.remove("adapters");
    var others = options.putArray("adapters");
    for (int i = 1; i < names.size(); i++) others.add(names.get(i));
    return (Combined) ExportForm.of("combined", options);
  }

  private static PlainForm combined(JsonNode asked) {
    List<SavedAdapter> adapters = new ArrayList<>();
    try (ModelDirectory base = ModelDirectory.open(MODEL)) {
      for (JsonNode each : asked.path("adapters")) {
        adapters.add(SavedAdapter.read(CASES.resolve(each.asString())));
      }
      return CombinedForm.of(base, adapters, form(asked).combination());
    } finally {
      adapters.forEach(SavedAdapter::close);
    }
  }

  @Test
  void optionsSayWhatDecidesTheResultAndNothingElse() throws IOException {
    for (String name : cases().toList()) {
      Combined form = form(json().path(name));
      assertThat(ExportForm.of("combined", form.options())).isEqualTo(form);
    }
    assertThat(form(json().path("linear")).options().propertyNames())
        .containsExactlyInAnyOrder("combination_type", "adapters", "weights");
  }

  @Test
  void ranksThatDifferAreRefusedWhereNumbersMeet() throws IOException {
    ObjectNode asked = json().path("ties").asObject().deepCopy();
    asked.putArray("adapters").add("a").add("c");
    assertThatThrownBy(() -> combined(asked))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("ties needs equal ranks")
        .hasMessageContaining("4 and 2");
  }
}
