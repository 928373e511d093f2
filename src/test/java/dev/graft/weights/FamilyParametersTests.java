package dev.graft.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.graft.spec.AdapterMethod.TargetModules;
import dev.graft.weights.ModelConfig.Kind;
import dev.graft.weights.ModelConfig.Linear;
import dev.graft.weights.ModelConfig.Parameter;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.FieldSource;

/** Parameters and linear layers are those of transformers and PEFT. */
class FamilyParametersTests {
  private static final List<String> NAMES = Families.NAMES;

  @ParameterizedTest
  @FieldSource("NAMES")
  void parametersAreTheTensorsOfTheCheckpoint(String family) {
    ModelConfig config = Families.read(family);
    assertThat(config.parameters().stream().map(FamilyParametersTests::line))
        .containsExactlyInAnyOrderElementsOf(Families.lines(family, "tensors.txt"));
    assertThat(config.parameters().stream().map(Parameter::name))
        .contains(config.inputEmbedding())
        .anyMatch(name -> name.startsWith(config.layerPrefix(1)))
        .noneMatch(name -> name.startsWith(config.layerPrefix(config.numHiddenLayers())))
        .noneMatch(config::ignores);
  }

  @ParameterizedTest
  @FieldSource("NAMES")
  void allLinearIsWhatPeftMakesOfIt(String family) {
    ModelConfig config = Families.read(family);
    assertThat(LinearTargets.saved(new TargetModules.AllLinear(), config))
        .containsExactlyElementsOf(Families.lines(family, "all-linear.txt"));
  }

  @ParameterizedTest
  @FieldSource("NAMES")
  void everyLinearLayerHasAWeightOfItsShape(String family) {
    ModelConfig config = Families.read(family);
    Set<String> weights =
        config.parameters().stream().map(FamilyParametersTests::line).collect(Collectors.toSet());
    for (Linear linear : config.linearModules()) {
      long[] shape =
          linear.conv1d()
              ? new long[] {linear.inFeatures(), linear.outFeatures()}
              : new long[] {linear.outFeatures(), linear.inFeatures()};
      assertThat(weights).contains(linear.path() + ".weight " + Arrays.toString(shape));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "llama, model.layers.0.input_layernorm.weight, RMS_NORM",
    "llama, model.layers.1.mlp.up_proj.weight, LINEAR",
    "llama, lm_head.weight, LINEAR",
    "qwen2, model.layers.0.self_attn.q_proj.bias, LINEAR",
    "qwen3, model.layers.0.self_attn.q_norm.weight, RMS_NORM",
    "gpt2, transformer.h.0.ln_1.weight, LAYER_NORM",
    "gpt2, transformer.h.0.ln_1.bias, LAYER_NORM",
    "gpt2, transformer.h.0.attn.c_attn.weight, CONV1D",
    "gpt2, transformer.wpe.weight, EMBEDDING",
    "gpt-neox, gpt_neox.final_layer_norm.weight, LAYER_NORM",
    "distilbert, distilbert.transformer.layer.0.sa_layer_norm.weight, LAYER_NORM",
    "bert, bert.embeddings.token_type_embeddings.weight, EMBEDDING",
  })
  void everyParameterSaysWhatItBelongsTo(String family, String name, Kind kind) {
    assertThat(Families.read(family).parameters())
        .filteredOn(each -> each.name().equals(name))
        .singleElement()
        .extracting(Parameter::kind)
        .isEqualTo(kind);
  }

  @ParameterizedTest
  @CsvSource({
    "llama, model., model.layers.3., lm_head",
    "llama-cls, model., model.layers.3., score",
    "gpt2, transformer., transformer.h.3., lm_head",
    "gpt-neox, gpt_neox., gpt_neox.layers.3., embed_out",
    "bert, bert., bert.encoder.layer.3., classifier",
    "roberta, roberta., roberta.encoder.layer.3., classifier.out_proj",
    "xlm-roberta, roberta., roberta.encoder.layer.3., classifier.out_proj",
    "distilbert, distilbert., distilbert.transformer.layer.3., classifier",
  })
  void namesBeginAsInTransformers(String family, String base, String layer, String output) {
    ModelConfig config = Families.read(family);
    assertThat(config.basePrefix()).isEqualTo(base);
    assertThat(config.layerPrefix(3)).isEqualTo(layer);
    assertThat(config.outputModule()).isEqualTo(output);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "llama|score.weight [5, 32]",
        "llama-tied|score.weight [5, 32]",
        "gpt2|score.weight [5, 32]",
        "gpt-neox|score.weight [5, 32]",
        "bert|bert.pooler.dense.bias [32]; bert.pooler.dense.weight [32, 32];"
            + " classifier.bias [5]; classifier.weight [5, 32]",
        "roberta|classifier.dense.bias [32]; classifier.dense.weight [32, 32];"
            + " classifier.out_proj.bias [5]; classifier.out_proj.weight [5, 32]",
        "distilbert|classifier.bias [5]; classifier.weight [5, 32];"
            + " pre_classifier.bias [32]; pre_classifier.weight [32, 32]",
      })
  void aBaseForClassificationGetsANewHead(String family, String head) {
    ModelConfig config = Families.read(family).withTask(fiveLabels());
    assertThat(config.task()).isEqualTo(fiveLabels());
    assertThat(config.newHead().stream().map(FamilyParametersTests::line).sorted())
        .containsExactlyElementsOf(List.of(head.split("; ?")));
    assertThat(config.parameters().stream().map(Parameter::name))
        .containsAll(config.newHead().stream().map(Parameter::name).toList())
        .doesNotContain("lm_head.weight", "embed_out.weight");
  }

  @Test
  void aHeadOfOneLinearLayerIsNotAdapted() {
    ModelConfig llama = Families.read("llama");
    assertThat(llama.withTask(fiveLabels()).linearModules()).isEqualTo(llama.linearModules());
    assertThat(Families.read("bert").linearModules())
        .extracting(Linear::path)
        .contains("bert.pooler.dense")
        .doesNotContain("classifier");
    assertThat(Families.read("roberta").linearModules())
        .extracting(Linear::path)
        .contains("classifier.dense", "classifier.out_proj");
  }

  @Test
  void anEncoderWritesNoText() {
    assertThatThrownBy(() -> Families.read("distilbert").withTask(new Task.CausalLm()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("distilbert is an encoder, which can classify text but not generate it");
  }

  @Test
  void robertaCountsPositionsFromBehindItsPadding() {
    assertThat(Families.read("roberta").contextLength()).isEqualTo(62);
    assertThat(Families.read("bert").contextLength()).isEqualTo(64);
  }

  private static Task fiveLabels() {
    return Task.SequenceClassification.unnamed(5, Task.Problem.MULTI_LABEL_CLASSIFICATION);
  }

  private static String line(Parameter parameter) {
    return parameter.name() + " " + Arrays.toString(parameter.shape());
  }
}
