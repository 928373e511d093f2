package dev.graft.spec;

import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** PEFT's {@code init_lora_weights}: how the factors of LoRA are initialised. */
public sealed interface LoraInit {
  /** {@code true}: A uniform within 1/sqrt(in), B zero. */
  record Standard() implements LoraInit {}

  /** {@code false}: A and B random, so that the adapter changes the base from the first step. */
  record Random() implements LoraInit {}

  /** {@code "gaussian"}: A normal with standard deviation 1/r, B zero. */
  record Gaussian() implements LoraInit {}

  /** {@code "orthogonal"}: factors of orthogonal halves, whose product is zero. */
  record Orthogonal() implements LoraInit {}

  /**
   * {@code "pissa"} (Meng et al. 2024): the largest singular values, which are removed from the
   * base.
   *
   * @param iterations iterations of the randomised decomposition, {@code "pissa_niter_4"}; 0 =
   *     exact
   */
  record Pissa(int iterations) implements LoraInit {}

  /** {@code "olora"} (Büyükakyüz 2024): a part of a QR decomposition, removed from the base. */
  record Olora() implements LoraInit {}

  /**
   * {@code "loftq"} (Li et al. 2023): the adapted layers of the base are quantised, and the factors
   * approximate the quantisation error.
   *
   * @param bits 4 (NF4) or 8
   * @param iterations alternations of quantisation and decomposition
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
   * {@code "eva"} (Paischer et al. 2024): A has the directions in which the inputs of a module vary
   * most, computed from the training data before the first step; B is zero. Names and defaults are
   * those of PEFT's {@code EvaConfig}.
   *
   * @param rho the maximum rank of a module, as a multiple of {@code r}
   * @param tau cosine between a direction and itself one batch later from which it counts as found
   * @param useLabelMask whether only tokens whose label is not {@code labelMaskValue} count
   * @param whiten whether directions are divided by the root of their singular value
   * @param adjustScalingFactors whether {@code lora_alpha} of a module scales with its rank
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

  /** Returns PEFT's name; {@code true} and {@code false} as text. */
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

  /** Whether the initial factors are subtracted from the base. */
  default boolean changesBase() {
    return this instanceof Pissa || this instanceof Olora;
  }

  /** Whether the same factors can be computed from the base again: nothing is random. */
  default boolean changesBaseRepeatably() {
    return changesBase() && !(this instanceof Pissa(int iterations) && iterations > 0);
  }

  /** Reads and writes {@code init_lora_weights} and the settings of the initialisations. */
  static final class Json {
    private static final String KEY = "init_lora_weights";
    private static final String LOFTQ_CONFIG = "loftq_config";
    private static final String EVA_CONFIG = "eva_config";
    private static final String PISSA_ITERATIONS = "pissa_niter_";
    private static final List<String> PLANNED = List.of("corda", "mica", "lora_ga");
    private static final String CHOICES =
        "must be true, false, \"gaussian\", \"orthogonal\", \"pissa\", \"pissa_niter_N\", \"olora\","
            + " \"loftq\" or \"eva\"";

    private Json() {}

    static LoraInit read(Fields peft) {
      LoraInit init = start(peft);
      if (!(init instanceof Loftq) && !peft.object(LOFTQ_CONFIG).names().isEmpty()) {
        peft.refuse(LOFTQ_CONFIG, "needs init_lora_weights \"loftq\"");
      }
      if (!(init instanceof Eva) && !peft.object(EVA_CONFIG).names().isEmpty()) {
        peft.refuse(EVA_CONFIG, "needs init_lora_weights \"eva\"");
      }
      return init;
    }

    private static LoraInit start(Fields peft) {
      JsonNode value = peft.value(KEY);
      if (value == null) return new Standard();
      if (value.isBoolean()) {
        return value.booleanValue() ? new Standard() : new Random();
      }
      String name = value.isString() ? value.stringValue() : "";
      @Nullable LoraInit init =
          switch (name) {
            case "gaussian" -> new Gaussian();
            case "orthogonal" -> new Orthogonal();
            case "pissa" -> new Pissa(0);
            case "olora" -> new Olora();
            case "loftq" -> loftq(peft.object(LOFTQ_CONFIG));
            case "eva" -> eva(peft.object(EVA_CONFIG));
            default ->
                name.matches(PISSA_ITERATIONS + "[1-9][0-9]?")
                    ? new Pissa(Integer.parseInt(name.substring(PISSA_ITERATIONS.length())))
                    : null;
          };
      if (init != null) return init;
      peft.refuse(KEY, PLANNED.contains(name) ? "is not supported yet; " + CHOICES : CHOICES);
      return new Standard();
    }

    /** PEFT's {@code LoftQConfig}. */
    private static Loftq loftq(Fields config) {
      Integer bits = config.integer("loftq_bits", 1, 16);
      int iterations = config.integer("loftq_iter", 1, Loftq.MOST_ITERATIONS, 1);
      config.refuseUnknown();
      if (bits != null && bits != 4 && bits != 8) {
        config.refuse("loftq_bits", "must be 4 or 8, as in PEFT");
        bits = null;
      }
      return new Loftq(bits == null ? 4 : bits, iterations);
    }

    /** PEFT's {@code EvaConfig}. */
    private static Eva eva(Fields config) {
      var eva =
          new Eva(
              config.number("rho", 1, Eva.MOST_RHO, 2.0),
              config.number("tau", 0, 1, 0.99),
              config.bool("use_label_mask", true),
              config.integer("label_mask_value", Integer.MIN_VALUE, Integer.MAX_VALUE, -100),
              config.bool("whiten", false),
              config.bool("adjust_scaling_factors", true));
      config.refuseUnknown();
      return eva;
    }

    static void write(ObjectNode peft, LoraInit init) {
      switch (init) {
        case Standard() -> peft.put(KEY, true);
        case Random() -> peft.put(KEY, false);
        case LoraInit named -> peft.put(KEY, named.wireName());
      }
      if (init instanceof Loftq(int bits, int iterations)) {
        peft.putObject(LOFTQ_CONFIG).put("loftq_bits", bits).put("loftq_iter", iterations);
      }
      if (init instanceof Eva eva) {
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
