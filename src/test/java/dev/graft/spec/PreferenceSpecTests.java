package dev.graft.spec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.graft.spec.Preference.Dpo;
import dev.graft.spec.Preference.LossType;
import dev.graft.spec.Preference.Orpo;
import dev.graft.spec.TrainingSpec.Objective;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class PreferenceSpecTests {
  private static final String DPO =
      "{'type':'dpo','dpo':{'hyperparameters':{'beta':0.3,'n_epochs':2,'batch_size':4,"
          + "'learning_rate_multiplier':3,'lora_r':8}}}";

  @Test
  void openAisMethodIsHeard() {
    TrainingSpec spec = resolve(null, DPO, null);
    assertThat(spec.objective()).isEqualTo(Objective.DPO);
    assertThat(spec.preference()).isEqualTo(new Dpo(LossType.SIGMOID, 0.3, 0));
    assertThat(spec.training().schedule().numTrainEpochs()).isEqualTo(2);
    assertThat(spec.training().schedule().learningRate()).isEqualTo(3 * 2e-5);
    assertThat(((Lora) spec.method()).r()).isEqualTo(8);
  }

  @Test
  void whatIsNotSaidIsTrlsDefault() {
    assertThat(resolve(null, "{'type':'dpo'}", null).preference())
        .isEqualTo(new Dpo(LossType.SIGMOID, 0.1, 0));
    assertThat(resolve(null, "{'type':'dpo','dpo':{'hyperparameters':{'beta':'auto'}}}", null))
        .isEqualTo(resolve("{'objective':'dpo'}", null, null));
    assertThat(resolve("{'objective':'orpo'}", null, null).preference()).isEqualTo(new Orpo(0.1));
    assertThat(
            resolve("{'objective':'dpo','method':{'type':'full'}}", null, null)
                .training()
                .schedule()
                .learningRate())
        .isEqualTo(1e-6);
  }

  @Test
  void theMethodOnTheWireStandsForBothObjectivesOfPairs() {
    TrainingSpec spec = resolve("{'objective':'orpo','training':{'beta':0.3}}", DPO, null);
    assertThat(spec.objective()).isEqualTo(Objective.ORPO);
    assertThat(spec.preference()).isEqualTo(new Orpo(0.3));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'objective':'dpo'}",
        "{'objective':'dpo','training':{'loss_type':'ipo','beta':0.05}}",
        "{'objective':'dpo','training':{'loss_type':'robust','label_smoothing':0.2}}",
        "{'objective':'orpo','training':{'beta':2},'method':{'type':'full'}}"
      })
  void theEchoResolvesToTheSameSpec(String adapter) {
    TrainingSpec spec = resolve(adapter, null, null);
    assertThat(TrainingSpec.resolve(TrainingSpec.toJson(spec), null, null, null)).isEqualTo(spec);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{'objective':'dpo','training':{'beta':0}} | | adapter.training.beta",
        "{'objective':'dpo','training':{'beta':1e9}} | | adapter.training.beta",
        "{'training':{'beta':0.1}} | | adapter.training.beta",
        "{'training':{'loss_type':'sigmoid'}} | | adapter.training.loss_type",
        "{'objective':'orpo','training':{'loss_type':'ipo'}} | | adapter.training.loss_type",
        "{'objective':'orpo','training':{'label_smoothing':0}} | |"
            + " adapter.training.label_smoothing",
        "{'objective':'dpo','training':{'loss_type':'bco_pair'}} | | adapter.training.loss_type",
        "{'objective':'dpo','training':{'loss_type':'ipo','label_smoothing':0.1}} | |"
            + " adapter.training.label_smoothing",
        "{'objective':'dpo','training':{'label_smoothing':0.5}} | |"
            + " adapter.training.label_smoothing",
        "{'objective':'dpo','training':{'packing':true}} | | adapter.training.packing",
        "{'objective':'dpo','training':{'label_smoothing_factor':0.1}} | |"
            + " adapter.training.label_smoothing_factor",
        "{'objective':'orpo','data':{'assistant_only_loss':true}} | | adapter.data",
        "{'objective':'dpo'} | {'type':'supervised'} | adapter.objective",
        "{'objective':'sft'} | {'type':'dpo'} | adapter.objective",
        "{'training':{'beta':0.2}} | {'type':'dpo','dpo':{'hyperparameters':{'beta':0.1}}} |"
            + " adapter.training.beta",
        " | {'type':'supervised','supervised':{'hyperparameters':{'beta':0.1}}} |"
            + " method.supervised.hyperparameters.beta",
        " | {'type':'dpo','supervised':{'hyperparameters':{}}} | method.supervised",
        " | {'type':'dpo','dpo':{'hyperparameters':{'beta':-1}}} |"
            + " method.dpo.hyperparameters.beta",
      })
  void refusesAtItsPath(@Nullable String adapter, @Nullable String method, String path) {
    assertThat(refused(adapter, method, null).problems())
        .extracting(SpecRejected.Problem::path)
        .containsExactly(path);
  }

  @Test
  void betaInTheOlderPlaceNeedsTheMethod() {
    assertThat(refused(null, null, "{'beta':0.1}").problems())
        .extracting(SpecRejected.Problem::path)
        .containsExactly("hyperparameters.beta");
    assertThat(resolve(null, "{'type':'dpo'}", "{'beta':0.2}").preference())
        .isEqualTo(new Dpo(LossType.SIGMOID, 0.2, 0));
  }

  private static SpecRejected refused(
      @Nullable String adapter, @Nullable String method, @Nullable String hyperparameters) {
    return catchThrowableOfType(
        SpecRejected.class, () -> resolve(adapter, method, hyperparameters));
  }

  private static TrainingSpec resolve(
      @Nullable String adapter, @Nullable String method, @Nullable String hyperparameters) {
    return TrainingSpec.resolve(json(adapter), json(method), json(hyperparameters), null);
  }

  private static @Nullable JsonNode json(@Nullable String text) {
    return text == null ? null : new JsonMapper().readTree(text.replace('\'', '"'));
  }
}
