package dev.graft.adapters;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

class LoaderReportTests {
  private static final String PLAIN =
      """
      {"peft_type": "LORA", "r": 8, "lora_alpha": 16, "bias": "none", "modules_to_save": null, "use_dora": false,
       "use_rslora": false, "rank_pattern": {}, "alpha_pattern": {}, "layers_to_transform": null,
       "target_modules": ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]%s}
      """;

  @Test
  void plainLoraLoadsEverywhere() {
    assertThat(report(""))
        .extracting(LoaderReport::loader)
        .containsExactly("peft", "vllm", "sglang", "tgi", "llama.cpp");
    assertThat(report("")).allMatch(LoaderReport::ok);
    assertThat(of("vllm", "").reason()).isNull();
  }

  @Test
  void aRankAboveTheDefaultSaysTheFlagToSet() {
    assertThat(of("vllm", ", \"r\": 64"))
        .isEqualTo(
            new LoaderReport("vllm", true, "r is 64: start the server with --max-lora-rank 64"));
    assertThat(of("peft", ", \"r\": 64").reason()).isNull();
  }

  @Test
  void wrongScalesThatALoaderWouldNotNoticeAreObstacles() {
    assertThat(of("llama.cpp", ", \"use_rslora\": true").ok()).isFalse();
    assertThat(of("vllm", ", \"use_rslora\": true").ok()).isTrue();
    assertThat(of("vllm", ", \"alpha_pattern\": {\"q_proj\": 3}").ok()).isFalse();
    assertThat(of("peft", ", \"alpha_pattern\": {\"q_proj\": 3}").ok()).isTrue();
  }

  @Test
  void partialGroupsAreNamedForOlderSglang() {
    assertThat(of("sglang", ", \"target_modules\": [\"k_proj\"]").reason())
        .contains("k_proj, q_proj, v_proj");
  }

  @Test
  void aWholeModelIsNoAdapter() {
    assertThat(LoaderReport.of(null)).noneMatch(LoaderReport::ok).allMatch(r -> r.reason() != null);
  }

  private static LoaderReport of(String loader, String change) {
    return report(change).stream().filter(r -> r.loader().equals(loader)).findFirst().orElseThrow();
  }

  private static List<LoaderReport> report(@Nullable String change) {
    return LoaderReport.of(new JsonMapper().readTree(PLAIN.formatted(change)));
  }
}
