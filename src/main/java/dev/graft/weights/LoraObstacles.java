package dev.graft.weights;

import dev.graft.spec.AdaLora;
import dev.graft.spec.AdapterMethod;
import dev.graft.spec.AdapterMethod.Lora;
import dev.graft.spec.Ia3;
import dev.graft.spec.LnTuning;
import dev.graft.spec.LoraInit;
import dev.graft.spec.LoraVariant.Bias;
import dev.graft.spec.Vera;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** What of a LoRA a program that wants plain factors does not take. */
final class LoraObstacles {
  /** Rank of a LoRA, at most. */
  private static final int MOST_R = 1024;

  private LoraObstacles() {}

  /** What plain factors cannot say. */
  static List<String> hard(Lora lora, ModelConfig base) {
    List<String> obstacles = new ArrayList<>();
    if (lora.variant().useDora()) obstacles.add("use_dora: its lengths are not loaded");
    if (lora.variant().loraBias()) obstacles.add("lora_bias: the bias of B is not loaded");
    if (lora.variant().bias() != Bias.NONE) {
      obstacles.add("bias \"" + lora.variant().bias().name().toLowerCase(Locale.ROOT) + "\"");
    }
    if (!lora.extras().modulesToSave().isEmpty()
        || base.task() instanceof Task.SequenceClassification) {
      obstacles.add("modules_to_save: modules that trained whole are not loaded");
    }
    if (!lora.extras().trainableTokenIndices().isEmpty()) {
      obstacles.add("trainable_token_indices: trained rows of the embedding are not loaded");
    }
    if (lora.initLoraWeights().changesBase()) {
      obstacles.add("init_lora_weights: the factors fit a changed base only");
    }
    if (lora.initLoraWeights() instanceof LoraInit.Loftq) {
      obstacles.add("init_lora_weights: the factors fit the base as LoftQ quantises it");
    }
    return obstacles;
  }

  /** What one program does not notice, so that the update is scaled wrongly or left out. */
  static List<String> soft(Loader loader, Lora lora, ModelConfig base) {
    boolean ranks = !lora.patterns().rankPattern().isEmpty();
    boolean alphas = !lora.patterns().alphaPattern().isEmpty();
    if (lora.initLoraWeights() instanceof LoraInit.Eva eva && eva.rho() > 1) {
      // a result has the patterns that its data gave it
      ranks = true;
      alphas |= eva.adjustScalingFactors();
    }
    boolean rslora = lora.variant().useRslora();
    List<String> obstacles = new ArrayList<>();
    switch (loader) {
      case PEFT -> {}
      case VLLM, SGLANG, TGI -> {
        if (ranks) obstacles.add("rank_pattern is ignored: the scale would be wrong");
        if (alphas) obstacles.add("alpha_pattern is ignored: the scale would be wrong");
        if (rslora && loader == Loader.SGLANG) {
          obstacles.add("use_rslora is ignored by older versions: the scale would be wrong");
        }
        if (loader == Loader.TGI) obstacles.addAll(missingLayers(lora, base));
      }
      case LLAMA_CPP -> {
        // the scale is lora_alpha over the rank of each tensor: rank_pattern is honoured
        if (alphas) obstacles.add("alpha_pattern is ignored: the scale would be wrong");
        if (rslora) obstacles.add("use_rslora is ignored: the scale would be wrong");
        if (isOnSharedTable(lora, base)) {
          obstacles.add("one matrix is token table and output: it takes no adapter");
        }
      }
    }
    return obstacles;
  }

  private static boolean isOnSharedTable(Lora lora, ModelConfig base) {
    LlamaCppModel model = LlamaCppModel.of(base);
    return model != null
        && model.sharesTable()
        && paths(lora, base).stream()
            .anyMatch(path -> model.isTable(path) || path.equals(base.outputModule()));
  }

  private static List<String> missingLayers(Lora lora, ModelConfig base) {
    Map<String, Long> layers =
        paths(lora, base).stream()
            .collect(
                Collectors.groupingBy(
                    path -> path.replaceAll("\\.[0-9]+\\.", ".N."),
                    HashMap::new,
                    Collectors.counting()));
    boolean everywhere =
        layers.entrySet().stream()
            .allMatch(
                each ->
                    !each.getKey().contains(".N.") || each.getValue() == base.numHiddenLayers());
    return everywhere
        ? List.of()
        : List.of("a projection is skipped unless all layers have it adapted");
  }

  /** Whether nothing but linear layers is adapted: plain factors are for no other modules. */
  static boolean isLinear(Lora lora, ModelConfig base) {
    AdaptedModules modules = AdaptedModules.of(lora.targets(), lora.extras().modulesToSave(), base);
    return modules.tables().isEmpty() && !modules.output();
  }

  /** Whether the weights can hold the update. */
  static boolean merges(Lora lora, ModelConfig base) {
    if (splitsTied(lora.extras().modulesToSave(), base)) return false;
    if (splitsTied(paths(lora, base), base)) return false;
    if (!lora.variant().loraBias()) return true;
    Set<String> names = base.parameterNames();
    return paths(lora, base).stream().allMatch(path -> names.contains(path + ".bias"));
  }

  /** Whether modules have one side of a token table that is also the output matrix. */
  static boolean splitsTied(List<String> modules, ModelConfig base) {
    return base.sharesTable()
        && modules.stream()
            .anyMatch(
                name ->
                    base.inputEmbedding().endsWith(name + ".weight")
                        || base.outputModule().endsWith(name));
  }

  /** Rank of the plain factors that say the same, at most; 0 = none do. */
  static int plainRank(AdapterMethod.Targeted method, ModelConfig base) {
    if (!method.modulesToSave().isEmpty() || base.task() instanceof Task.SequenceClassification) {
      return 0;
    }
    return switch (method) {
      case AdaLora ranks -> ranks.bias() == Bias.NONE ? ranks.allocation().initR() : 0;
      case Vera vera -> vera.bias() == Bias.NONE && vera.r() <= MOST_R ? vera.r() : 0;
      case Ia3 _, LnTuning _ -> 0;
    };
  }

  static IntStream ranks(Lora lora, ModelConfig base) {
    return paths(lora, base).stream().mapToInt(lora::rank);
  }

  /** Last parts of the adapted modules' paths. */
  static Set<String> names(Lora lora, ModelConfig base) {
    return paths(lora, base).stream()
        .map(path -> path.substring(path.lastIndexOf('.') + 1))
        .collect(Collectors.toSet());
  }

  private static List<String> paths(Lora lora, ModelConfig base) {
    return LinearTargets.paths(lora.targets(), lora.extras().modulesToSave(), base);
  }
}
