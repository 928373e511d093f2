package dev.graft.adapters;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Whether one loader takes an adapter, told from its {@code adapter_config.json}.
 *
 * <p>The rules are what the loaders' sources check (vLLM peft_helper.py, SGLang lora_config.py, TGI
 * adapters/lora.py, llama.cpp convert_lora_to_gguf.py), including what they ignore in silence.
 *
 * @param reason why not, or what to set; null if it just loads
 */
record LoaderReport(String loader, boolean ok, @Nullable String reason) {
  /** vLLM's and SGLang's {@code max_lora_rank} unless set. */
  private static final int DEFAULT_MAX_RANK = 16;

  private static final Set<String> QKV = Set.of("q_proj", "k_proj", "v_proj");
  private static final Set<String> GATE_UP = Set.of("gate_proj", "up_proj");

  /** One report per loader; a result that is not a PEFT adapter loads in none of them as one. */
  static List<LoaderReport> of(@Nullable JsonNode config) {
    return Arrays.stream(Loader.values()).map(loader -> of(loader, config)).toList();
  }

  private static LoaderReport of(Loader loader, @Nullable JsonNode config) {
    if (config == null) {
      return new LoaderReport(
          loader.wireName(),
          false,
          "this result is a whole model, not an adapter; load it as a model");
    }
    List<String> obstacles = new ArrayList<>();
    List<String> hints = new ArrayList<>();
    if (loader != Loader.PEFT) plainLora(config, obstacles);
    switch (loader) {
      case PEFT -> {}
      case VLLM -> rank(config, "--max-lora-rank", hints);
      case SGLANG -> {
        rank(config, "--max-lora-rank", hints);
        together(config, hints);
      }
      case TGI -> {
        if (!config.path("layers_to_transform").isNull() && config.has("layers_to_transform")) {
          obstacles.add("layers_to_transform: a projection is skipped unless all layers have it");
        }
      }
      case LLAMA_CPP -> {
        if (config.path("use_rslora").asBoolean(false)) {
          obstacles.add("use_rslora is ignored: the scale would be wrong");
        }
        hints.add("convert with convert_lora_to_gguf.py --base <base model directory>");
      }
    }
    if (!obstacles.isEmpty()) {
      return new LoaderReport(loader.wireName(), false, String.join("; ", obstacles));
    }
    return new LoaderReport(
        loader.wireName(), true, hints.isEmpty() ? null : String.join("; ", hints));
  }

  private static void plainLora(JsonNode config, List<String> obstacles) {
    if (!config.path("peft_type").asString("").equals("LORA"))
      obstacles.add("peft_type is not LORA");
    if (config.path("use_dora").asBoolean(false)) obstacles.add("use_dora");
    if (!config.path("bias").asString("none").equals("none")) obstacles.add("bias is not \"none\"");
    if (!config.path("modules_to_save").isEmpty()) obstacles.add("modules_to_save");
    for (String pattern : List.of("rank_pattern", "alpha_pattern")) {
      if (!config.path(pattern).isEmpty()) {
        obstacles.add(pattern + " is ignored: the scale would be wrong");
      }
    }
  }

  private static void rank(JsonNode config, String flag, List<String> hints) {
    int r = config.path("r").asInt(0);
    if (r > DEFAULT_MAX_RANK) hints.add("r is " + r + ": start the server with " + flag + " " + r);
  }

  private static void together(JsonNode config, List<String> hints) {
    Set<String> targets = new HashSet<>();
    config.path("target_modules").forEach(target -> targets.add(target.asString("")));
    for (Set<String> group : List.of(QKV, GATE_UP)) {
      long present = group.stream().filter(targets::contains).count();
      if (present > 0 && present < group.size()) {
        hints.add(
            "older versions need "
                + String.join(", ", group.stream().sorted().toList())
                + " adapted together");
      }
    }
  }
}
