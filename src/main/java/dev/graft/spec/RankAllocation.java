package dev.graft.spec;

/**
 * How AdaLoRA (Zhang et al. 2023) prunes ranks: when, how many, by which memory of importance.
 * Names and defaults are PEFT's; steps count from 1.
 *
 * @param initR rank of every module at the start
 * @param targetR mean rank of the modules at the end
 * @param tinit steps before the pruning begins
 * @param tfinal steps after it has ended
 * @param deltaT steps between two allocations
 * @param totalStep optimiser steps of the run
 * @param beta1 of the running mean of the sensitivity
 * @param beta2 of the running mean of its uncertainty
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
          "no step is left to prune in: total_step - tfinal must be more than tinit");
    }
    if (!(beta1 > 0 && beta1 < 1 && beta2 > 0 && beta2 < 1)) {
      throw new IllegalArgumentException("beta1 and beta2 must be in (0, 1)");
    }
    if (!(orthRegWeight >= 0)) throw new IllegalArgumentException("orth_reg_weight must be >= 0");
  }

  /** The last step that decides which ranks stay. */
  public int lastAllocation() {
    return totalStep - tfinal;
  }

  /** Whether the ranks are allocated anew in a step. */
  public boolean allocates(long step) {
    return step == lastAllocation()
        || step > tinit && step < lastAllocation() && step % deltaT == 0;
  }

  /** Ranks of all modules together after a step: cubic from all to {@code target_r} each. */
  public int budget(long step, int modules) {
    int all = initR * modules;
    int target = targetR * modules;
    if (step <= tinit) return all;
    if (step > lastAllocation()) return target;
    double left = 1 - (double) (step - tinit) / (lastAllocation() - tinit);
    return (int) ((all - target) * Math.pow(left, 3) + target);
  }
}
