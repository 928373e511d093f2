package dev.graft.spec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class UnknownSettingTests {
  private static String refusal(String request) {
    JsonNode body = JsonMapper.shared().readTree(request.replace('\'', '"'));
    SpecRejected rejected =
        catchThrowableOfType(
            SpecRejected.class,
            () ->
                TrainingSpec.resolve(
                    body.get("adapter"), body.get("method"), body.get("hyperparameters"), null));
    return rejected == null ? "" : rejected.problems().getFirst().toString();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{'adapter':{'training':{'learing_rate':1e-4}}}|learning_rate?",
        "{'adapter':{'training':{'learningRate':1e-4}}}|learning_rate?",
        "{'adapter':{'training':{'lr':1e-4}}}|learning_rate?",
        "{'adapter':{'training':{'epochs':1}}}|num_train_epochs?",
        "{'adapter':{'training':{'n_epochs':1}}}|num_train_epochs?",
        "{'adapter':{'training':{'save_strategy':'steps'}}}|save_steps?",
        "{'adapter':{'training':{'max_seq_length':512}}}|max_length?",
        "{'adapter':{'peft':{'rank':8}}}|r?",
        "{'adapter':{'peft':{'lora_aplha':8}}}|lora_alpha?",
        "{'adapter':{'traning':{}}}|training?",
        "{'hyperparameters':{'lr':1e-4}}|learning_rate_multiplier (times",
        "{'hyperparameters':{'learning_rate':1e-4}}|or adapter.training.learning_rate?",
        "{'hyperparameters':{'epochs':1}}|n_epochs?",
        "{'method':{'type':'supervised','supervised':{'hyperparameters':{'epochs':1}}}}|n_epochs?",
      })
  void namesTheSettingThatWasMeant(String request, String meant) {
    assertThat(refusal(request))
        .contains("unknown setting; did you mean " + (meant.startsWith("or ") ? "" : meant))
        .contains(meant)
        .contains("All settings: docs/settings.md");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{'adapter':{'learning_rate':1e-4}}|adapter.training.learning_rate?",
        "{'adapter':{'training':{'use_dora':true}}}|adapter.peft.use_dora?",
        "{'adapter':{'training':{'load_in_4bit':true}}}|adapter.quantization.load_in_4bit?",
        "{'adapter':{'training':{'seed':1}}}|seed?",
        "{'adapter':{'training':{'num_cycles':1}}}|lr_scheduler_kwargs.num_cycles?",
        "{'adapter':{'lr':1e-4}}|adapter.training.learning_rate?",
      })
  void namesThePlaceOfASettingThatIsInAnotherObject(String request, String place) {
    assertThat(refusal(request)).contains("did you mean").contains(place);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{'adapter':{'peft':{'peft_type':'IA3','lora_alpha':8}}}|adapter.peft.lora_alpha",
        "{'adapter':{'peft':{'peft_type':'VERA','use_dora':true}}}|adapter.peft.use_dora",
      })
  void aSettingOfAnotherMethodIsNotSentToWhereItIs(String request, String path) {
    assertThat(refusal(request))
        .contains("path=" + path + ", message=not a setting of this method or type.")
        .doesNotContain("did you mean");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "logging_steps|leave it out; every step is logged",
        "output_dir|leave it out; the server keeps results and checkpoints",
        "colour|unknown setting. All settings: docs/settings.md",
      })
  void saysOfWhatHasNoCounterpartThatItIsLeftOut(String key, String message) {
    assertThat(refusal("{'adapter':{'training':{'" + key + "':1}}}")).contains(message);
  }

  @Test
  void thePageIsThere() {
    assertThat(Path.of(UnknownSetting.PAGE)).exists();
  }

  @Test
  void namesAreSaidByTheirDistance() {
    List<String> models = List.of("smollm2-135m-instruct", "minilm", "qwen3-0.6b");
    assertThat(Nearest.sentence("HuggingFaceTB/SmolLM2-135M-Instruct", models))
        .isEqualTo(" Did you mean 'smollm2-135m-instruct'?");
    assertThat(Nearest.sentence("minlim", models)).isEqualTo(" Did you mean 'minilm'?");
    assertThat(Nearest.sentence("smollm2-135m", models))
        .isEqualTo(" Did you mean 'smollm2-135m-instruct'?");
    assertThat(Nearest.sentence("gpt-4o-mini", models)).isEmpty();
    assertThat(Nearest.sentence("x", List.of())).isEmpty();
  }
}
