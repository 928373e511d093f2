package dev.graft.spec;

import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** PEFT's {@code init_lora_weights}: how the factors of LoRA start. */
public sealed interface LoraInit {
  /** {@code true}: A uniform within 1/sqrt(in), B zero. */
  record Standard() implements LoraInit {}

  /** {@code false}: A and B random, so that the adapter changes the base from the first step. */
  record Random() implements LoraInit {}

  /** {@code "gaussian"}: A normal with deviation 1/r, B zero. */
  record Gaussian() implements LoraInit {}

  /** {@code "orthogonal"}: factors of orthogonal halves, whose product is zero. */
  record Orthogonal() implements LoraInit {}

  /**
   * {@code "pissa"} (Meng et al. 2024): the largest singular values; the base keeps the rest.
   *
   * @param iterations of the randomised decomposition, {@code "pissa_niter_4"}; 0 = exact
   */
  record Pissa(int iterations) implements LoraInit {}

  /** {@code "olora"} (Büyükakyüz 2024): a QR decomposition; the base keeps the rest. */
  record Olora() implements LoraInit {}

  /**
   * {@code "loftq"} (Li et al. 2023): the adapted layers of the base are quantised, and the factors
   * are a part of what that takes away.
   *
   * @param bits 4 (NF4) or 8
   * @param iterations how often quantisation and factors are found in turns
   */
  record Loftq(int bits, int iterations) implements LoraInit {
    public static final int MOST_ITERATIONS = 20;

    public Loftq {
      if (bits != 4 && bits != 8) throw new IllegalArgumentException("loftq_bits must be 4 or 8");
      if (iterations < 1 || iterations > MOST_ITERATIONS) {
        throw new IllegalArgumentException("loftq_iter must be 1.." + MOST_ITERATIONS);
      }
    }
  }

  /**
   * {@code "eva"} (Paischer et al. 2024): A is the directions in which the inputs of a module vary
   * most, by a look at the training data before the first step; B is zero. Names and defaults are
   * those of PEFT's {@code EvaConfig}.
   *
   * @param rho times its {@code r} a module may have ranks, at most
   * @param tau cosine between a direction and itself a batch later from which on it counts as found
   * @param useLabelMask only tokens whose label is not {@code labelMaskValue} are looked at
   * @param whiten directions are divided by the root of their singular value
   * @param adjustScalingFactors {@code lora_alpha} of a module grows and shrinks with its rank
   */
  record Eva(
      double rho,
      double tau,
      boolean useLabelMask,
      int labelMaskValue,
      boolean whiten,
      boolean adjustScalingFactors)
      implements LoraInit {
    public static final double MOST_RHO = 1000;

    public Eva {
      if (!(rho >= 1 && rho <= MOST_RHO)) {
        throw new IllegalArgumentException("rho must be 1.." + MOST_RHO);
      }
      if (!(tau >= 0 && tau <= 1)) throw new IllegalArgumentException("tau must be 0..1");
    }
  }

  /** PEFT's name, that of a boolean included. */
  default String wireName() {
    return switch (this) {
      case Standard() -> "true";
      case Random() -> "false";
      case Gaussian() -> "gaussian";
      case Orthogonal() -> "orthogonal";
      case Pissa(int iterations) -> iterations == 0 ? "pissa" : "pissa_niter_" + iterations;
      case Olora() -> "olora";
      case Loftq _ -> "loftq";
      case Eva _ -> "eva";
    };
  }

  /** Whether the factors are taken out of the base, which keeps the rest. */
  default boolean changesBase() {
    return switch (this) {
      case Standard() -> false;
      case Random() -> false;
      case Gaussian() -> false;
      case Orthogonal() -> false;
      case Pissa(int iterations) -> true;
      case Olora() -> true;
      case Loftq _ -> false;
      case Eva _ -> false;
    };
  }

  /** Whether whoever has the base can take the same out of it once more: nothing is random. */
  default boolean changesBaseRepeatably() {
    return changesBase() && !(this instanceof Pissa(int iterations) && iterations > 0);
  }

  /** {@code init_lora_weights} of PEFT's {@code LoraConfig} and the settings of its starts. */
  static final class LoraInitFields {
    private static final String KEY = "init_lora_weights";
    private static final String LOFTQ_CONFIG = "loftq_config";
    private static final String EVA_CONFIG = "eva_config";
    private static final String PISSA_ITERATIONS = "pissa_niter_";
    private static final List<String> PLANNED = List.of("corda", "mica", "lora_ga");
    private static final String CHOICES =
        "must be true, false, \"gaussian\", \"orthogonal\", \"pissa\", \"pissa_niter_N\", \"olora\","
            + " \"loftq\" or \"eva\"";

    private LoraInitFields() {}

    static LoraInit read(Fields peft) {
      LoraInit init = start(peft);
      if (!(init instanceof LoraInit.Loftq) && !peft.object(LOFTQ_CONFIG).names().isEmpty()) {
        peft.refuse(LOFTQ_CONFIG, "needs init_lora_weights \"loftq\"");
      }
      if (!(init instanceof LoraInit.Eva) && !peft.object(EVA_CONFIG).names().isEmpty()) {
        peft.refuse(EVA_CONFIG, "needs init_lora_weights \"eva\"");
      }
      return init;
    }

    private static LoraInit start(Fields peft) {
      JsonNode value = peft.value(KEY);
      if (value == null) return new LoraInit.Standard();
      if (value.isBoolean()) {
        return value.booleanValue() ? new LoraInit.Standard() : new LoraInit.Random();
      }
      String name = value.isString() ? value.stringValue() : "";
      @Nullable LoraInit init =
          switch (name) {
            case "gaussian" -> new LoraInit.Gaussian();
            case "orthogonal" -> new LoraInit.Orthogonal();
            case "pissa" -> new LoraInit.Pissa(0);
            case "olora" -> new LoraInit.Olora();
            case "loftq" -> loftq(peft.object(LOFTQ_CONFIG));
            case "eva" -> eva(peft.object(EVA_CONFIG));
            default ->
                name.matches(PISSA_ITERATIONS + "[1-9][0-9]?")
                    ? new LoraInit.Pissa(
                        Integer.parseInt(name.substring(PISSA_ITERATIONS.length())))
                    : null;
          };
      if (init != null) return init;
      peft.refuse(KEY, PLANNED.contains(name) ? "not supported yet; " + CHOICES : CHOICES);
      return new LoraInit.Standard();
    }

    /** PEFT's {@code LoftQConfig}. */
    private static LoraInit.Loftq loftq(Fields config) {
      Integer bits = config.integer("loftq_bits", 1, 16);
      Integer turns = config.integer("loftq_iter", 1, LoraInit.Loftq.MOST_ITERATIONS);
      config.refuseUnknown();
      if (bits != null && bits != 4 && bits != 8) {
        config.refuse("loftq_bits", "must be 4 or 8, as in PEFT");
        bits = null;
      }
      return new LoraInit.Loftq(bits == null ? 4 : bits, turns == null ? 1 : turns);
    }

    /** PEFT's {@code EvaConfig}. */
    private static LoraInit.Eva eva(Fields config) {
      Double rho = config.number("rho", 1, LoraInit.Eva.MOST_RHO);
      Double tau = config.number("tau", 0, 1);
      Boolean masks = config.bool("use_label_mask");
      Integer value = config.integer("label_mask_value", Integer.MIN_VALUE, Integer.MAX_VALUE);
      Boolean whiten = config.bool("whiten");
      Boolean adjusts = config.bool("adjust_scaling_factors");
      config.refuseUnknown();
      return new LoraInit.Eva(
          rho == null ? 2 : rho,
          tau == null ? 0.99 : tau,
          masks == null || masks,
          value == null ? -100 : value,
          whiten != null && whiten,
          adjusts == null || adjusts);
    }

    static void write(ObjectNode peft, LoraInit init) {
      switch (init) {
        case LoraInit.Standard() -> peft.put(KEY, true);
        case LoraInit.Random() -> peft.put(KEY, false);
        case LoraInit named -> peft.put(KEY, named.wireName());
      }
      if (init instanceof LoraInit.Loftq(int bits, int iterations)) {
        peft.putObject(LOFTQ_CONFIG).put("loftq_bits", bits).put("loftq_iter", iterations);
      }
      if (init instanceof LoraInit.Eva eva) {
        peft.putObject(EVA_CONFIG)
            .put("rho", eva.rho())
            .put("tau", eva.tau())
            .put("use_label_mask", eva.useLabelMask())
            .put("label_mask_value", eva.labelMaskValue())
            .put("whiten", eva.whiten())
            .put("adjust_scaling_factors", eva.adjustScalingFactors());
      }
    }
  }
}
