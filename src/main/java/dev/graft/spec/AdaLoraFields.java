package dev.graft.spec;

import static dev.graft.spec.Fields.or;

import dev.graft.spec.AdapterMethod.TargetModules;
import dev.graft.spec.LoraVariant.Bias;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** PEFT's {@code AdaLoraConfig}, in and out. */
final class AdaLoraFields {
  public static final String TYPE = "ADALORA";

  private static final String RANKS = "rank_pattern";
  private static final int LARGEST_R = 1024;
  private static final int MOST_STEPS = 1_000_000_000;
  private static final double LEAST = 1e-6;
  private static final double MOST = 1e6;

  private AdaLoraFields() {}

  static AdaLora read(Fields peft) {
    RankAllocation allocation = allocation(peft);
    Targets targets = TargetFields.read(peft, null, new TargetModules.FamilyDefault(), true);
    peft.notYet("use_dora", false);
    peft.notYet("use_rslora", false);
    peft.notYet("lora_bias", false);
    peft.notYet("alpha_pattern");
    peft.notYet("trainable_token_indices");
    LoraFields.refuseRare(peft);
    peft.notYet("loftq_config");
    peft.notYet("eva_config");
    Bias bias = peft.choice("bias", Bias.class);
    return new AdaLora(
        allocation,
        or(peft.integer("r", 1, LARGEST_R), 8),
        or(peft.number("lora_alpha", LEAST, MOST), 8.0),
        or(peft.number("lora_dropout", 0, 0.999), 0.0),
        targets,
        or(peft.bool("init_lora_weights"), true),
        or(bias, Bias.NONE),
        ranks(peft, allocation.initR()),
        peft.texts("modules_to_save"));
  }

  private static RankAllocation allocation(Fields peft) {
    int initR = or(peft.integer("init_r", 1, LARGEST_R), 12);
    int targetR = or(peft.integer("target_r", 0, initR), Math.min(8, initR));
    int tinit = or(peft.integer("tinit", 0, MOST_STEPS), 0);
    int tfinal = or(peft.integer("tfinal", 0, MOST_STEPS), 0);
    int deltaT = or(peft.integer("deltaT", 1, MOST_STEPS), 1);
    if (peft.value("total_step") == null) {
      peft.refuse("total_step", "must be given: the optimiser steps of the run");
    }
    int total = or(peft.integer("total_step", 1, MOST_STEPS), tinit + tfinal + 1);
    if (tinit >= total - tfinal) {
      peft.refuse("tinit", "leaves no step to prune in: it must be less than total_step - tfinal");
      total = tinit + tfinal + 1;
    }
    return new RankAllocation(
        initR,
        targetR,
        tinit,
        tfinal,
        deltaT,
        total,
        or(peft.number("beta1", LEAST, 1 - LEAST), 0.85),
        or(peft.number("beta2", LEAST, 1 - LEAST), 0.85),
        or(peft.number("orth_reg_weight", 0, MOST), 0.5));
  }

  private static SortedMap<String, List<Boolean>> ranks(Fields peft, int initR) {
    SortedMap<String, List<Boolean>> ranks = new TreeMap<>();
    Fields pattern = peft.object(RANKS);
    for (String key : pattern.names()) {
      List<Boolean> left = new ArrayList<>();
      JsonNode value = pattern.value(key);
      if (value != null) value.forEach(each -> left.add(each.booleanValue(false)));
      if (value != null && isMask(value, initR)) ranks.put(key, left);
      else pattern.refuse(key, "must be " + initR + " times true or false");
    }
    return ranks;
  }

  private static boolean isMask(JsonNode value, int size) {
    return value.isArray()
        && value.size() == size
        && value.valueStream().allMatch(JsonNode::isBoolean);
  }

  static void write(ObjectNode peft, AdaLora method) {
    RankAllocation allocation = method.allocation();
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
        .put("r", method.r())
        .put("lora_alpha", method.loraAlpha())
        .put("lora_dropout", method.loraDropout())
        .put("init_lora_weights", method.initLoraWeights())
        .put("bias", method.bias().name().toLowerCase(Locale.ROOT));
    TargetFields.write(peft, method.targets());
    TargetFields.writeWhole(peft, method.modulesToSave());
    if (method.rankPattern().isEmpty()) return;
    ObjectNode ranks = peft.putObject(RANKS);
    method.rankPattern().forEach((key, left) -> left.forEach(ranks.putArray(key)::add));
  }
}
