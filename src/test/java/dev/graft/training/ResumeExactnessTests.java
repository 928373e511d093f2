package dev.graft.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.Concurrent;
import dev.graft.tiny.TinyLlama;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The promise of D12 with the real kernels: a run that was interrupted gives the same bytes. */
@Concurrent
class ResumeExactnessTests {
  @TempDir private Path directory;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "'peft':{'r':4,'lora_dropout':0.1} | adapter_model.safetensors",
        "'peft':{'r':4,'bias':'all','lora_bias':true} | adapter_model.safetensors",
        "'peft':{'r':4,'use_dora':true,'lora_dropout':0.1} | adapter_model.safetensors",
        "'peft':{'r':4,'init_lora_weights':'pissa_niter_2'} | adapter_model.safetensors",
        "'peft':{'r':4,'init_lora_weights':'olora','lora_dropout':0.1} | adapter_model.safetensors",
        "'peft':{'r':4,'init_lora_weights':'loftq','loftq_config':{'loftq_iter':3}} |"
            + " adapter_model.safetensors",
        "'peft':{'r':3,'init_lora_weights':'eva','lora_dropout':0.1} | adapter_model.safetensors",
        "'peft':{'r':4,'target_modules':['embed_tokens','v_proj'],'use_dora':true} |"
            + " adapter_model.safetensors",
        "'peft':{'r':4,'trainable_token_indices':[5,9]} | adapter_model.safetensors",
        "'peft':{'peft_type':'ADALORA','init_r':4,'target_r':2,'tinit':1,'tfinal':2,'deltaT':2,"
            + "'total_step':8,'lora_dropout':0.1} | adapter_model.safetensors",
        "'peft':{'peft_type':'IA3'} | adapter_model.safetensors",
        "'peft':{'peft_type':'LN_TUNING'} | adapter_model.safetensors",
        "'peft':{'peft_type':'PROMPT_TUNING','num_virtual_tokens':3} | adapter_model.safetensors",
        "'peft':{'peft_type':'P_TUNING','num_virtual_tokens':3} | adapter_model.safetensors",
        "'peft':{'peft_type':'PREFIX_TUNING','num_virtual_tokens':3} | adapter_model.safetensors",
        "'peft':{'peft_type':'VERA','r':8,'vera_dropout':0.1} | adapter_model.safetensors",
        "'method':{'type':'bottleneck','variant':'houlsby','reduction_factor':4} |"
            + " adapter_model.safetensors",
        "'method':{'type':'freeze','trainable_layers':1} | model.safetensors",
        "'method':{'type':'full'} | model.safetensors"
      })
  void theResultIsTheSameToTheByte(String method, String result) throws IOException {
    resumes(method, "", result);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"'peft':{'r':4}", "'peft':{'peft_type':'P_TUNING','num_virtual_tokens':3}"})
  void noiseOnEmbeddingsIsThatOfTheStep(String method) throws IOException {
    resumes(method, ",'neftune_noise_alpha':5", "adapter_model.safetensors");
  }

  private void resumes(String method, String training, String result) throws IOException {
    Path base = TinyLlama.write(directory.resolve("base"), 1);
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < 11; i++) {
      lines.append(
          "{\"messages\":[{\"role\":\"user\",\"content\":\"%s\"},{\"role\":\"assistant\",\"content\":\"%s\"}]}%n"
              .formatted("ab".repeat(i), "xyz".repeat(11 - i)));
    }
    Path rows = Files.writeString(directory.resolve("rows.jsonl"), lines);
    String spec =
        ("{%s,'training':{'max_steps':8,'per_device_train_batch_size':2,"
                + "'gradient_accumulation_steps':2,'learning_rate':0.01,'weight_decay':0.1,"
                + "'lr_scheduler_type':'cosine','train_sampling_strategy':'group_by_length'%s}}")
            .formatted(method, training);
    assertThat(run(spec, base, rows, "whole", null, 0)).isEqualTo(TrainerExit.DONE);
    assertThat(run(spec, base, rows, "cut", null, 3))
        .isEqualTo(TrainerExit.STOPPED_AFTER_CHECKPOINT);
    Path checkpoint = Checkpoints.newest(directory.resolve("cut/checkpoints")).orElseThrow();
    assertThat(run(spec, base, rows, "cut", checkpoint, 0)).isEqualTo(TrainerExit.DONE);
    assertThat(directory.resolve("cut").resolve(result))
        .hasSameBinaryContentAs(directory.resolve("whole").resolve(result));
    if (Files.notExists(directory.resolve("cut/adapter_config.json"))) return;
    assertThat(directory.resolve("cut/adapter_config.json"))
        .hasSameTextualContentAs(directory.resolve("whole/adapter_config.json"));
  }

  private TrainerExit run(
      String spec, Path base, Path rows, String name, @Nullable Path resumeFrom, int stopAfter) {
    return new RecordedRuns()
        .run(
            RecordedRuns.of(spec, base, rows, null, directory.resolve(name), resumeFrom, 2),
            stopAfter);
  }
}
