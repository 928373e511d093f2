package dev.graft.spec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.graft.spec.Bottleneck.InitWeights;
import dev.graft.spec.Bottleneck.NonLinearity;
import dev.graft.spec.Bottleneck.Variant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What a request, and a saved configuration, may say about bottleneck adapters. */
class BottleneckTests {
  private static JsonNode json(String text) {
    return new JsonMapper().readTree(text.replace('\'', '"'));
  }

  private static AdapterMethod method(String settings) {
    return AdapterMethods.fromMethod(json("{'type':'bottleneck'" + settings + "}"));
  }

  private static List<String> paths(String request) {
    SpecRejected rejected =
        catchThrowableOfType(
            SpecRejected.class, () -> TrainingSpec.resolve(json(request), null, null, null));
    return rejected.problems().stream().map(SpecRejected.Problem::path).toList();
  }

  @Test
  void missingSettingsAreThoseOfThePaper() {
    assertThat(method("")).isEqualTo(new Bottleneck(Variant.PFEIFFER));
    assertThat(method(",'variant':'pfeiffer'"))
        .isEqualTo(
            new Bottleneck(
                Variant.PFEIFFER, 16, NonLinearity.RELU, 1, InitWeights.BERT, 0.02, List.of()));
    assertThat(method(",'variant':'houlsby'"))
        .isEqualTo(
            new Bottleneck(
                Variant.HOULSBY, 16, NonLinearity.SWISH, 1, InitWeights.BERT, 0.02, List.of()));
    assertThat(method(",'variant':'parallel'"))
        .isEqualTo(
            new Bottleneck(
                Variant.PARALLEL, 2, NonLinearity.RELU, 4, InitWeights.MAM_ADAPTER, 0, List.of()));
    assertThat(method(",'init_weights':'houlsby'"))
        .isEqualTo(
            new Bottleneck(
                Variant.PFEIFFER, 16, NonLinearity.RELU, 1, InitWeights.HOULSBY, 0.01, List.of()));
  }

  @Test
  void aDeviationAloneMeansTheNormalStart() {
    Bottleneck beside = (Bottleneck) method(",'variant':'parallel','init_std':0.1");
    assertThat(beside.initWeights()).isEqualTo(InitWeights.BERT);
    assertThat(beside.initStd()).isEqualTo(0.1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ",'variant':'parallel'",
        ",'variant':'houlsby','reduction_factor':3,'non_linearity':'gelu','scaling':0.5,"
            + "'init_weights':'houlsby','init_std':0.3,'modules_to_save':['lm_head']"
      })
  void theEchoResolvesToTheSameSpec(String settings) {
    JsonNode request = json("{'method':{'type':'bottleneck'" + settings + "}}");
    TrainingSpec spec = TrainingSpec.resolve(request, null, null, null);
    assertThat(TrainingSpec.resolve(TrainingSpec.toJson(spec), null, null, null)).isEqualTo(spec);
    assertThat(spec.training().schedule().learningRate()).isEqualTo(1e-4);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "'variant':'adapter' | variant",
        "'reduction_factor':0 | reduction_factor",
        "'reduction_factor':1.5 | reduction_factor",
        "'non_linearity':'selu' | non_linearity",
        "'scaling':0 | scaling",
        "'init_weights':'zeros' | init_weights",
        "'init_std':0 | init_std",
        "'init_weights':'mam_adapter','init_std':0.1 | init_std",
        "'modules_to_save':['a b'] | modules_to_save",
        "'dropout':0.1 | dropout"
      })
  void refusesAtItsPath(String settings, String path) {
    assertThat(paths("{'method':{'type':'bottleneck'," + settings + "}}"))
        .containsExactly("adapter.method." + path);
  }

  @Test
  void peftsFieldIsForMethodsOfPeft() {
    assertThat(paths("{'peft':{'peft_type':'BOTTLENECK'}}"))
        .containsExactly("adapter.peft.peft_type");
    assertThat(paths("{'method':{'type':'bottleneck'},'output':{'merged':true}}"))
        .containsExactly("adapter.output.merged");
  }

  @Test
  void aSavedConfigurationSaysTheSameAsARequest() {
    String settings =
        "'variant':'houlsby','reduction_factor':4,'init_std':0.02,'modules_to_save':[]";
    JsonNode saved =
        json(
            "{'peft_type':'BOTTLENECK','task_type':'SEQ_CLS','base_model_name_or_path':'a',"
                + settings
                + "}");
    assertThat(AdapterMethods.fromSaved(saved)).isEqualTo(method("," + settings));
    SpecRejected rejected =
        catchThrowableOfType(
            SpecRejected.class,
            () -> AdapterMethods.fromSaved(json("{'peft_type':'BOTTLENECK','ln_after':true}")));
    assertThat(rejected.problems())
        .extracting(SpecRejected.Problem::path)
        .containsExactly("ln_after");
  }
}
