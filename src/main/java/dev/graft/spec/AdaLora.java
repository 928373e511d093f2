package dev.graft.spec;

import dev.graft.spec.AdapterMethod.TargetModules;
import dev.graft.spec.Lora.LoraVariant.Bias;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * AdaLoRA (Zhang et al. 2023): {@code y = Wx + lora_alpha / init_r B (E * (A x))}, with a factor E
 * for each rank; the least important ranks are pruned.
 *
 * @param r has no effect; PEFT saves it
 * @param initLoraWeights A and B start as N(0, 0.02) and E at 0; false: all as N(0, 1)
 * @param bias which biases of the base train
 * @param rankPattern which of the initial ranks remain after training, by module path and {@code
 *     .lora_E}; empty before training
 */
public record AdaLora(
    RankAllocation allocation,
    int r,
    double loraAlpha,
    double loraDropout,
    Targets targets,
    boolean initLoraWeights,
    Bias bias,
    SortedMap<String, List<Boolean>> rankPattern,
    List<String> modulesToSave)
    implements AdapterMethod.Targeted {
  static final String TYPE = "ADALORA";

  private static final String RANKS = "rank_pattern";
  private static final int LARGEST_R = 1024;
  private static final int MOST_STEPS = 1_000_000_000;
  private static final double LEAST = 1e-6;
  private static final double MOST = 1e6;

  public AdaLora {
    rankPattern = Collections.unmodifiableSortedMap(new TreeMap<>(rankPattern));
    modulesToSave = List.copyOf(modulesToSave);
    if (!(loraAlpha > 0)) throw new IllegalArgumentException("lora_alpha must be > 0");
    if (!(loraDropout >= 0 && loraDropout < 1)) {
      throw new IllegalArgumentException("lora_dropout must be in [0, 1)");
    }
    for (List<Boolean> each : rankPattern.values()) {
      if (each.size() != allocation.initR()) {
        throw new IllegalArgumentException("rank_pattern must have init_r entries per module");
      }
    }
  }

  /** Returns the factor of the low-rank path, which depends on the initial rank only. */
  public double scale() {
    return loraAlpha / (allocation.initR() + 1e-5);
  }

  /** Returns the remaining rank of a module. */
  public int rank(String module) {
    List<Boolean> left = rankPattern.get(module + ".lora_E");
    return left == null ? allocation.initR() : Collections.frequency(left, true);
  }

  static AdaLora read(Fields peft) {
    RankAllocation allocation = allocation(peft);
    Targets targets = Targets.read(peft, null, new TargetModules.FamilyDefault(), true);
    peft.notYet("use_dora", false);
    peft.notYet("use_rslora", false);
    peft.notYet("lora_bias", false);
    peft.notYet("alpha_pattern");
    peft.notYet("trainable_token_indices");
    Lora.refuseRare(peft);
    peft.notYet("loftq_config");
    peft.notYet("eva_config");
    Bias bias = peft.choice("bias", Bias.NONE);
    return new AdaLora(
        allocation,
        peft.integer("r", 1, LARGEST_R, 8),
        peft.number("lora_alpha", LEAST, MOST, 8.0),
        peft.number("lora_dropout", 0, 0.999, 0.0),
        targets,
        peft.bool("init_lora_weights", true),
        bias,
        ranks(peft, allocation.initR()),
        peft.texts("modules_to_save"));
  }

  private static RankAllocation allocation(Fields peft) {
    int initR = peft.integer("init_r", 1, LARGEST_R, 12);
    int targetR = peft.integer("target_r", 0, initR, Math.min(8, initR));
    int tinit = peft.integer("tinit", 0, MOST_STEPS, 0);
    int tfinal = peft.integer("tfinal", 0, MOST_STEPS, 0);
    int deltaT = peft.integer("deltaT", 1, MOST_STEPS, 1);
    if (peft.value("total_step") == null) {
      peft.refuse("total_step", "is required: the number of optimiser steps of the run");
    }
    int total = peft.integer("total_step", 1, MOST_STEPS, tinit + tfinal + 1);
    if (tinit >= total - tfinal) {
      peft.refuse(
          "tinit", "must be less than total_step - tfinal; otherwise no step is left for pruning");
      total = tinit + tfinal + 1;
    }
    return new RankAllocation(
        initR,
        targetR,
        tinit,
        tfinal,
        deltaT,
        total,
        peft.number("beta1", LEAST, 1 - LEAST, 0.85),
        peft.number("beta2", LEAST, 1 - LEAST, 0.85),
        peft.number("orth_reg_weight", 0, MOST, 0.5));
  }

  private static SortedMap<String, List<Boolean>> ranks(Fields peft, int initR) {
    SortedMap<String, List<Boolean>> ranks = new TreeMap<>();
    Fields pattern = peft.object(RANKS);
    for (String key : pattern.names()) {
      List<Boolean> left = new ArrayList<>();
      JsonNode value = pattern.value(key);
      if (value != null) value.forEach(each -> left.add(each.booleanValue(false)));
      if (value != null && isMask(value, initR)) ranks.put(key, left);
      else pattern.refuse(key, "must be a list of " + initR + " booleans");
    }
    return ranks;
  }

  private static boolean isMask(JsonNode value, int size) {
    return value.isArray()
        && value.size() == size
        && value.valueStream().allMatch(JsonNode::isBoolean);
  }

  @Override
  public void write(ObjectNode peft) {
    peft.put("peft_type", TYPE)
        .put("init_r", allocation.initR())
        .put("target_r", allocation.targetR())
        .put("tinit", allocation.tinit())
        .put("tfinal", allocation.tfinal())
        .put("deltaT", allocation.deltaT())
        .put("total_step", allocation.totalStep())
        .put("beta1", allocation.beta1())
        .put("beta2", allocation.beta2())
        .put("orth_reg_weight", allocation.orthRegWeight())
        .put("r", r)
        .put("lora_alpha", loraAlpha)
        .put("lora_dropout", loraDropout)
        .put("init_lora_weights", initLoraWeights)
        .put("bias", bias.wireName());
    targets.write(peft);
    Targets.writeNames(peft, "modules_to_save", modulesToSave);
    if (rankPattern.isEmpty()) return;
    ObjectNode ranks = peft.putObject(RANKS);
    rankPattern.forEach((key, left) -> left.forEach(ranks.putArray(key)::add));
  }

  /**
   * When AdaLoRA (Zhang et al. 2023) prunes ranks, and how many. Names and defaults are PEFT's;
   * steps count from 1.
   *
   * @param initR rank of every module at the start
   * @param targetR mean rank of the modules at the end
   * @param tinit steps before pruning begins
   * @param tfinal steps after pruning has ended
   * @param deltaT steps between two allocations
   * @param totalStep optimiser steps of the run
   * @param beta1 decay of the running mean of the sensitivity
   * @param beta2 decay of the running mean of its uncertainty
   * @param orthRegWeight weight of the regulariser that keeps the factors orthogonal
   */
  public record RankAllocation(
      int initR,
      int targetR,
      int tinit,
      int tfinal,
      int deltaT,
      int totalStep,
      double beta1,
      double beta2,
      double orthRegWeight) {
    public RankAllocation {
      if (initR < 1) throw new IllegalArgumentException("init_r must be >= 1");
      if (targetR < 0 || targetR > initR) {
        throw new IllegalArgumentException("target_r must be from 0 to init_r");
      }
      if (tinit < 0 || tfinal < 0 || deltaT < 1) {
        throw new IllegalArgumentException("tinit, tfinal must be >= 0 and deltaT >= 1");
      }
      if (tinit >= totalStep - tfinal) {
        throw new IllegalArgumentException(
            "total_step - tfinal must be greater than tinit; otherwise no step is left for pruning");
      }
      if (!(beta1 > 0 && beta1 < 1 && beta2 > 0 && beta2 < 1)) {
        throw new IllegalArgumentException("beta1 and beta2 must be in (0, 1)");
      }
      if (!(orthRegWeight >= 0)) throw new IllegalArgumentException("orth_reg_weight must be >= 0");
    }

    /** Returns the last step in which ranks are pruned. */
    public int lastAllocation() {
      return totalStep - tfinal;
    }

    /** Whether ranks are pruned in a step. */
    public boolean allocates(long step) {
      return step == lastAllocation()
          || step > tinit && step < lastAllocation() && step % deltaT == 0;
    }

    /**
     * Returns the total rank of all modules after a step, which falls as a cubic curve to {@code
     * target_r} per module.
     */
    public int budget(long step, int modules) {
      int all = initR * modules;
      int target = targetR * modules;
      if (step <= tinit) return all;
      if (step > lastAllocation()) return target;
      double left = 1 - (double) (step - tinit) / (lastAllocation() - tinit);
      return (int) ((all - target) * Math.pow(left, 3) + target);
    }
  }
}
