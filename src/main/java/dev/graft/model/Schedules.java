package dev.graft.model;

import dev.graft.spec.LrScheduler;
import dev.graft.spec.LrScheduler.Constant;
import dev.graft.spec.LrScheduler.ConstantWithWarmup;
import dev.graft.spec.LrScheduler.Cosine;
import dev.graft.spec.LrScheduler.CosineWarmupWithMinLr;
import dev.graft.spec.LrScheduler.CosineWithMinLr;
import dev.graft.spec.LrScheduler.CosineWithRestarts;
import dev.graft.spec.LrScheduler.Floor;
import dev.graft.spec.LrScheduler.InverseSqrt;
import dev.graft.spec.LrScheduler.Linear;
import dev.graft.spec.LrScheduler.Polynomial;
import dev.graft.spec.LrScheduler.Shape;
import dev.graft.spec.LrScheduler.WarmupStableDecay;

/**
 * Learning-rate schedules as pure functions; the formulas are those of {@code
 * transformers.optimization}.
 */
public final class Schedules {
  private Schedules() {}

  /**
   * @param step optimiser steps made before this one
   * @param warmup steps of warm-up; the first of them mostly has multiplier 0
   * @param total optimiser steps of the run
   * @param learningRate the full rate; some schedules end at an absolute rate
   * @return factor of the learning rate, 0..1
   */
  public static double multiplier(
      LrScheduler scheduler, long step, long warmup, long total, double learningRate) {
    long decay = Math.max(1, total - warmup);
    double progress = (double) (step - warmup) / decay;
    if (step < warmup) return rising(scheduler, step, warmup);
    return switch (scheduler) {
      case Constant s -> 1;
      case ConstantWithWarmup s -> 1;
      case Linear s -> Math.max(0, (double) (total - step) / decay);
      case Cosine s -> Math.max(0, wave(s.numCycles() * 2 * progress));
      case CosineWithRestarts s -> progress >= 1 ? 0 : wave(s.numCycles() * progress % 1);
      case Polynomial s -> {
        double end = s.lrEnd() / learningRate;
        yield step > total ? end : (1 - end) * Math.pow(1 - progress, s.power()) + end;
      }
      case InverseSqrt s -> {
        double timescale = s.timescale() != null ? s.timescale() : warmup > 0 ? warmup : 10_000;
        yield 1 / Math.sqrt((step + timescale - warmup) / timescale);
      }
      case CosineWithMinLr s ->
          above(share(s.floor(), learningRate), wave(s.numCycles() * 2 * progress));
      case CosineWarmupWithMinLr s -> {
        double ahead = (double) (step - warmup + 1) / decay;
        yield above(share(s.floor(), learningRate), wave(s.numCycles() * 2 * ahead));
      }
      case WarmupStableDecay s -> falling(s, step - warmup, warmup, total);
    };
  }

  private static double rising(LrScheduler scheduler, long step, long warmup) {
    double progress = (double) step / warmup;
    return switch (scheduler) {
      case Constant s -> 1;
      case WarmupStableDecay s ->
          above(
              s.minLrRatio(),
              switch (s.warmupType()) {
                case LINEAR -> progress;
                case COSINE -> 1 - wave(progress);
                case ONE_MINUS_SQRT -> 1 - Math.sqrt(1 - progress);
              });
      case CosineWarmupWithMinLr s when s.warmupLrRate() != null ->
          above(s.warmupLrRate(), (double) step / Math.max(1, warmup - 1));
      case CosineWarmupWithMinLr s -> (double) (step + 1) / warmup;
      case Linear s -> progress;
      case Cosine s -> progress;
      case CosineWithRestarts s -> progress;
      case Polynomial s -> progress;
      case ConstantWithWarmup s -> progress;
      case InverseSqrt s -> progress;
      case CosineWithMinLr s -> progress;
    };
  }

  private static double falling(WarmupStableDecay s, long step, long warmup, long total) {
    long stable =
        s.numStableSteps() != null ? s.numStableSteps() : total - warmup - s.numDecaySteps();
    if (step < stable) return 1;
    if (step >= stable + s.numDecaySteps()) return s.minLrRatio();
    double progress = (double) (step - stable) / s.numDecaySteps();
    Shape shape = s.decayType();
    return above(
        s.minLrRatio(),
        switch (shape) {
          case LINEAR -> 1 - progress;
          case COSINE -> wave(s.numCycles() * 2 * progress);
          case ONE_MINUS_SQRT -> 1 - Math.sqrt(progress);
        });
  }

  /** Returns a cosine that falls from 1 at 0 to 0 at 1 and rises again. */
  private static double wave(double halves) {
    return 0.5 * (1 + Math.cos(Math.PI * halves));
  }

  /** Maps a factor of 0..1 to least..1. */
  private static double above(double least, double factor) {
    return Math.max(0, factor * (1 - least) + least);
  }

  private static double share(Floor floor, double learningRate) {
    return switch (floor) {
      case Floor.Rate rate -> learningRate == 0 ? 0 : rate.minLr() / learningRate;
      case Floor.Share share -> share.minLrRate();
    };
  }
}
