package dev.graft.spec;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Numbers with which nothing can be learned are refused, with those that are usual. */
class SettingRangeTests {
  private static TrainingSpec read(String request) {
    JsonNode body = JsonMapper.shared().readTree(request.replace('\'', '"'));
    return TrainingSpec.resolve(
        body.get("adapter"), body.get("method"), body.get("hyperparameters"), null);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{'adapter':{'training':{'learning_rate':5}}}"
            + "|adapter.training.learning_rate: must be a number from 0 to 1; typical values for"
            + " this method are 1e-5 to 0.001",
        "{'adapter':{'method':{'type':'full'},'training':{'learning_rate':2}}}|from 0 to 1; typical",
        "{'adapter':{'peft':{'peft_type':'PROMPT_TUNING'},'training':{'learning_rate':5}}}"
            + "|from 0 to 1; typical values for this method are 0.001 to 0.3",
        "{'hyperparameters':{'learning_rate_multiplier':10000}}"
            + "|hyperparameters.learning_rate_multiplier: times the default of 2e-4 is a learning"
            + " rate of 2, but the maximum is 1; typical",
        "{'adapter':{'training':{'loraplus_lr_ratio':100000}}}|typical values are 2 to 16",
        "{'adapter':{'training':{'neftune_noise_alpha':500}}}|typical values are 5 to 15",
        "{'adapter':{'training':{'adam_epsilon':0.5}}}|the typical value is 1e-8",
        "{'adapter':{'objective':'dpo','training':{'beta':5000}}}|typical values are 0.01 to 0.5",
        "{'adapter':{'peft':{'r':8,'lora_alpha':100000}}}|typically 1 or 2",
        "{'adapter':{'method':{'type':'bottleneck','scaling':100000}}}|typical values are 1 to 4",
      })
  void isRefusedWithTypicalValues(String request, String message) {
    assertThatExceptionOfType(SpecRejected.class)
        .isThrownBy(() -> read(request))
        .withMessageContaining(message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{'adapter':{'training':{'learning_rate':0.1}}}",
        "{'adapter':{'peft':{'peft_type':'PROMPT_TUNING'},'training':{'learning_rate':1}}}",
        "{'hyperparameters':{'learning_rate_multiplier':500}}",
        "{'adapter':{'training':{'loraplus_lr_ratio':16}}}",
        "{'adapter':{'peft':{'r':1,'lora_alpha':512}}}",
      })
  void isAcceptedWithinTheRange(String request) {
    assertThatCode(() -> read(request)).doesNotThrowAnyException();
  }
}
