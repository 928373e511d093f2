package dev.graft.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.platform.ErrorDetail;
import dev.graft.spec.TrainingSpec;
import dev.graft.worker.RayEnvironment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

/** The server refuses what the trainer of {@code engines/ray} refuses, and nothing else. */
@Tag("ray")
class ClusterSettingsIT {
  private static final String READ =
      """
      import json, sys
      from graft_ray.protocol import BadRun
      from graft_ray.settings import read_settings
      for line in open(sys.argv[1]):
          try:
              read_settings(json.loads(line))
              print("-")
          except BadRun as bad:
              print(bad.param)
      """;

  private static final List<String> TAKEN =
      List.of(
          "{}",
          "{'peft': {'peft_type': 'LORA', 'r': 8, 'use_dora': true, 'target_modules': ['q_proj']}}",
          "{'peft': {'init_lora_weights': 'gaussian', 'use_rslora': true, 'bias': 'lora_only'}}",
          "{'peft': {'init_lora_weights': 'orthogonal', 'modules_to_save': ['lm_head']}}",
          "{'peft': {'init_lora_weights': false, 'trainable_token_indices': [3]}}",
          "{'peft': {'rank_pattern': {'q_proj': 4}, 'target_modules': ['q_proj'],"
              + " 'layers_to_transform': [0], 'lora_bias': true}}",
          "{'training': {'bf16': true, 'gradient_checkpointing': 'auto', 'eval_steps': 5}}",
          "{'training': {'lr_scheduler_type': 'cosine', 'warmup_ratio': 0.1, 'max_length': null}}",
          "{'training': {'train_sampling_strategy': 'group_by_length', 'max_grad_norm': 0}}",
          "{'data': {'mask_history': true, 'allow_special_tokens': true}}",
          "{'output': {'plain_lora': false}}");

  private static final List<String> REFUSED =
      List.of(
          "{'objective': 'pretraining'}",
          "{'objective': 'classification'}",
          "{'objective': 'regression'}",
          "{'objective': 'dpo'}",
          "{'objective': 'orpo'}",
          "{'method': {'type': 'full'}}",
          "{'peft': {'peft_type': 'IA3'}}",
          "{'peft': {'peft_type': 'PROMPT_TUNING', 'num_virtual_tokens': 4}}",
          "{'peft': {'init_lora_weights': 'pissa'}}",
          "{'peft': {'init_lora_weights': 'eva'}}",
          "{'quantization': {'load_in_4bit': true}}",
          "{'training': {'packing': true}}",
          "{'training': {'fp16': true}}",
          "{'training': {'bf16': true, 'autocast': true}}",
          "{'training': {'loraplus_lr_ratio': 4}}",
          "{'training': {'neftune_noise_alpha': 5}}",
          "{'training': {'eval_steps': 5, 'early_stopping_patience': 2}}",
          "{'training': {'early_stopping_threshold': 0.1}}",
          "{'training': {'eval_steps': 5, 'load_best_model_at_end': true}}",
          "{'training': {'held_out': 0.1}}",
          "{'training': {'skip_nonfinite_steps': true}}",
          "{'output': {'merged': true}}",
          "{'output': {'gguf': true}}",
          "{'peft': {'init_lora_weights': 'olora'}, 'output': {'trained_form': true}}");

  @TempDir private Path directory;

  @Test
  void whatTheServerTakesTheTrainerTakes() throws Exception {
    assertThat(TAKEN).allSatisfy(adapter -> assertThat(obstacles(adapter)).isEmpty());
    assertThat(trainer(TAKEN)).containsOnly("-");
  }

  @Test
  void whatTheTrainerRefusesTheServerRefusesAtTheSamePlace() throws Exception {
    List<String> params = trainer(REFUSED);
    for (int i = 0; i < REFUSED.size(); i++) {
      assertThat(obstacles(REFUSED.get(i))).as(REFUSED.get(i)).contains(params.get(i));
    }
  }

  private static TrainingSpec spec(String adapter) {
    String json = adapter.replace('\'', '"');
    return TrainingSpec.resolve(JsonMapper.shared().readTree(json), null, null, null);
  }

  private static List<String> obstacles(String adapter) {
    return ResourceDemand.ClusterTraining.obstacles(spec(adapter)).stream()
        .map(ErrorDetail::path)
        .toList();
  }

  /** The path that the trainer refuses of each, or "-". */
  private List<String> trainer(List<String> adapters) throws Exception {
    List<String> resolved = new ArrayList<>();
    for (String each : adapters) resolved.add(TrainingSpec.toJson(spec(each)).toString());
    Path lines = Files.write(directory.resolve("adapters.jsonl"), resolved);
    List<String> command =
        List.of(RayEnvironment.python().toString(), "-c", READ, lines.toString());
    return RayEnvironment.run(command, directory).lines().toList();
  }
}
