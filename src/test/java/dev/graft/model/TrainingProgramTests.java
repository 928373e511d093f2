package dev.graft.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.Concurrent;
import dev.graft.spec.TrainingSpec;
import dev.graft.weights.ModelDirectory;
import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.json.JsonMapper;

@Concurrent
class TrainingProgramTests {
  private static final Path MODELS = Path.of("src/test/resources/parity/models");
  private static final AdamW ADAMW = new AdamW(0.9, 0.999, 1e-8, 0, AdamW.Decay.ALL, 1);

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '^',
      value = {
        "llama;{'peft':{'peft_type':'LORA','lora_dropout':0.1,'use_dora':true}}",
        "llama;{'peft':{'peft_type':'LORA','init_lora_weights':'loftq'}}",
        "llama;{'peft':{'peft_type':'LORA','init_lora_weights':'loftq','modules_to_save':['down_proj']},'training':{'bf16':true}}",
        "llama;{'peft':{'peft_type':'LORA'},'quantization':{'load_in_4bit':true,'bnb_4bit_use_double_quant':true}}",
        "gpt2;{'peft':{'peft_type':'LORA'},'quantization':{'load_in_8bit':true}}",
        "gpt2;{'peft':{'peft_type':'LORA'},'quantization':{'load_in_4bit':true},'training':{'bf16':true}}",
        "llama-nf4;{'peft':{'peft_type':'LORA'}}",
        "llama-int8;{'peft':{'peft_type':'LORA'}}",
        "llama;{'peft':{'peft_type':'LORA','use_dora':true},'training':{'bf16':true,'autocast':true}}",
        "llama;{'peft':{'peft_type':'LORA','init_lora_weights':'pissa'},'training':{'bf16':true,'autocast':true}}",
        "llama;{'method':{'type':'full'},'training':{'bf16':true}}",
        "llama;{'peft':{'peft_type':'ADALORA','total_step':100}}",
        "llama;{'peft':{'peft_type':'VERA'}}",
        "llama;{'peft':{'peft_type':'IA3'}}",
        "llama;{'peft':{'peft_type':'PROMPT_TUNING','num_virtual_tokens':3}}",
        "llama;{'peft':{'peft_type':'PREFIX_TUNING','num_virtual_tokens':3}}",
        "llama;{'peft':{'peft_type':'P_TUNING','num_virtual_tokens':3}}",
        "llama;{'peft':{'peft_type':'LORA'},'training':{'neftune_noise_alpha':5}}",
        "gpt2;{'peft':{'peft_type':'LORA'},'training':{'disable_dropout':false}}"
      })
  void theTextIsThatOfTheModelWithItsWeights(String name, String adapter) {
    TrainingSpec spec =
        TrainingSpec.resolve(
            JsonMapper.shared().readTree(adapter.replace('\'', '"')), null, null, null);
    TrainingSetup setup =
        new TrainingSetup(
            spec.method(),
            ADAMW,
            new Execution(
                Execution.CPU,
                spec.training().precision(),
                spec.training().autocast(),
                ComputePlan.KEEP,
                0),
            1,
            spec.quantization(),
            spec.training().regularisation(),
            null,
            false);
    try (ModelDirectory base = ModelDirectory.open(MODELS.resolve(name));
        TrainableModel model = TrainableModel.load(base, setup)) {
      assertThat(TrainingProgram.of(base, setup).text())
          .isEqualTo(((TrainableTransformer) model).program().text());
    }
  }
}
