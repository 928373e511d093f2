package dev.graft.spec;

import static dev.graft.spec.Fields.or;

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
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A learning rate schedule: transformers' {@code lr_scheduler_type} with its {@code
 * lr_scheduler_kwargs}; names and defaults are those of {@code transformers.optimization}. Only
 * schedules that are a pure function of the step are supported.
 */
public sealed interface LrScheduler {
  record Linear() implements LrScheduler {}

  /**
   * @param numCycles number of waves; 0.5 = a single descent
   */
  record Cosine(double numCycles) implements LrScheduler {
    public static final double DEFAULT_NUM_CYCLES = 0.5;

    public Cosine() {
      this(DEFAULT_NUM_CYCLES);
    }
  }

  /**
   * @param numCycles number of descents from the full rate to 0
   */
  record CosineWithRestarts(int numCycles) implements LrScheduler {}

  /**
   * @param lrEnd the final rate, below the learning rate
   */
  record Polynomial(double lrEnd, double power) implements LrScheduler {}

  record Constant() implements LrScheduler {}

  record ConstantWithWarmup() implements LrScheduler {}

  /**
   * @param timescale null = the number of warm-up steps, or 10,000 without a warm-up
   */
  record InverseSqrt(@Nullable Integer timescale) implements LrScheduler {}

  record CosineWithMinLr(Floor floor, double numCycles) implements LrScheduler {}

  /**
   * Like {@link CosineWithMinLr}, but one step ahead.
   *
   * @param warmupLrRate the fraction of the rate at which the warm-up begins; null = that of one
   *     step
   */
  record CosineWarmupWithMinLr(Floor floor, double numCycles, @Nullable Double warmupLrRate)
      implements LrScheduler {}

  /**
   * @param numStableSteps null = all steps but those of warm-up and decay
   * @param minLrRatio the fraction of the rate at which warm-up begins and decay ends
   */
  record WarmupStableDecay(
      int numDecaySteps,
      @Nullable Integer numStableSteps,
      Shape warmupType,
      Shape decayType,
      double minLrRatio,
      double numCycles)
      implements LrScheduler {}

  /** The minimum learning rate. */
  sealed interface Floor {
    /** {@code min_lr}. */
    record Rate(double minLr) implements Floor {}

    /** {@code min_lr_rate}: a fraction of the learning rate. */
    record Share(double minLrRate) implements Floor {}
  }

  /** The shape of the warm-up or the decay of {@link WarmupStableDecay}. */
  enum Shape {
    LINEAR("linear"),
    COSINE("cosine"),
    ONE_MINUS_SQRT("1-sqrt");

    private final String wireName;

    Shape(String wireName) {
      this.wireName = wireName;
    }

    public String wireName() {
      return wireName;
    }
  }

  /** Returns the {@code lr_scheduler_type}. */
  default String type() {
    return switch (this) {
      case Linear s -> "linear";
      case Cosine s -> "cosine";
      case CosineWithRestarts s -> "cosine_with_restarts";
      case Polynomial s -> "polynomial";
      case Constant s -> "constant";
      case ConstantWithWarmup s -> "constant_with_warmup";
      case InverseSqrt s -> "inverse_sqrt";
      case CosineWithMinLr s -> "cosine_with_min_lr";
      case CosineWarmupWithMinLr s -> "cosine_warmup_with_min_lr";
      case WarmupStableDecay s -> "warmup_stable_decay";
    };
  }

  /** Reads and writes {@code lr_scheduler_type} and {@code lr_scheduler_kwargs}. */
  static final class Json {
    private static final String TYPE = "lr_scheduler_type";
    private static final String KWARGS = "lr_scheduler_kwargs";
    private static final int MOST = Integer.MAX_VALUE;

    static final List<String> TYPES =
        List.of(
            "linear",
            "cosine",
            "cosine_with_restarts",
            "polynomial",
            "constant",
            "constant_with_warmup",
            "inverse_sqrt",
            "cosine_with_min_lr",
            "cosine_warmup_with_min_lr",
            "warmup_stable_decay");

    /** Types of transformers that depend on a metric and not only on the step. */
    private static final List<String> NOT_PURE = List.of("reduce_lr_on_plateau", "greedy");

    private Json() {}

    static LrScheduler read(Fields training, double learningRate) {
      Fields kwargs = training.object(KWARGS);
      LrScheduler scheduler = scheduler(training, kwargs, learningRate);
      kwargs.refuseUnknown();
      return scheduler;
    }

    private static LrScheduler scheduler(Fields training, Fields kwargs, double learningRate) {
      JsonNode value = training.value(TYPE);
      String type = value == null ? "linear" : value.isString() ? value.stringValue() : "";
      return switch (type) {
        case "linear" -> new Linear();
        case "cosine" -> new Cosine(cycles(kwargs));
        case "cosine_with_restarts" ->
            new CosineWithRestarts(kwargs.integer("num_cycles", 1, 10_000, 1));
        case "polynomial" -> polynomial(kwargs, learningRate);
        case "constant" -> new Constant();
        case "constant_with_warmup" -> new ConstantWithWarmup();
        case "inverse_sqrt" -> new InverseSqrt(kwargs.integer("timescale", 1, MOST));
        case "cosine_with_min_lr" ->
            new CosineWithMinLr(floor(kwargs, learningRate), cycles(kwargs));
        case "cosine_warmup_with_min_lr" ->
            new CosineWarmupWithMinLr(
                floor(kwargs, learningRate), cycles(kwargs), kwargs.number("warmup_lr_rate", 0, 1));
        case "warmup_stable_decay" -> warmupStableDecay(kwargs);
        default -> {
          training.refuseChoice(TYPE, type, TYPES, NOT_PURE);
          yield new Linear();
        }
      };
    }

    private static double cycles(Fields kwargs) {
      return kwargs.number("num_cycles", 0, 10_000, Cosine.DEFAULT_NUM_CYCLES);
    }

    private static LrScheduler polynomial(Fields kwargs, double learningRate) {
      double end = kwargs.number("lr_end", 0, 1, 1e-7);
      if (end >= learningRate) {
        kwargs.refuse("lr_end", "must be below the learning rate, but is " + end);
      }
      return new Polynomial(end, kwargs.number("power", 1e-6, 1000, 1.0));
    }

    private static Floor floor(Fields kwargs, double learningRate) {
      Double rate = kwargs.number("min_lr", 0, 1);
      Double share = kwargs.number("min_lr_rate", 0, 1);
      if (rate != null && share != null) {
        kwargs.refuse("min_lr", "cannot be combined with min_lr_rate: give only one of the two");
      } else if (rate == null && share == null) {
        kwargs.refuse("min_lr_rate", "is required, or min_lr instead");
      }
      if (rate != null && rate > learningRate) {
        kwargs.refuse("min_lr", "must not exceed the learning rate");
      }
      return rate != null ? new Floor.Rate(rate) : new Floor.Share(or(share, 0.0));
    }

    private static LrScheduler warmupStableDecay(Fields kwargs) {
      Integer decay = kwargs.integer("num_decay_steps", 0, MOST);
      if (decay == null) kwargs.refuse("num_decay_steps", "is required: a whole number of steps");
      return new WarmupStableDecay(
          or(decay, 0),
          kwargs.integer("num_stable_steps", 0, MOST),
          shape(kwargs, "warmup_type", Shape.LINEAR),
          shape(kwargs, "decay_type", Shape.COSINE),
          kwargs.number("min_lr_ratio", 0, 1, 0.0),
          cycles(kwargs));
    }

    private static Shape shape(Fields kwargs, String key, Shape byDefault) {
      JsonNode value = kwargs.value(key);
      if (value == null) return byDefault;
      for (Shape shape : Shape.values()) {
        if (value.isString() && shape.wireName().equals(value.stringValue())) return shape;
      }
      kwargs.refuseChoice(key, "", shapes(), List.of());
      return byDefault;
    }

    static List<String> shapes() {
      return Arrays.stream(Shape.values()).map(Shape::wireName).toList();
    }

    static void write(ObjectNode training, LrScheduler scheduler) {
      training.put(TYPE, scheduler.type());
      ObjectNode kwargs = training.putObject(KWARGS);
      switch (scheduler) {
        case Linear _, Constant _, ConstantWithWarmup _ -> {}
        case Cosine s -> kwargs.put("num_cycles", s.numCycles());
        case CosineWithRestarts s -> kwargs.put("num_cycles", s.numCycles());
        case Polynomial s -> kwargs.put("lr_end", s.lrEnd()).put("power", s.power());
        case InverseSqrt s -> putIfGiven(kwargs, "timescale", s.timescale());
        case CosineWithMinLr s -> write(kwargs, s.floor()).put("num_cycles", s.numCycles());
        case CosineWarmupWithMinLr s -> {
          write(kwargs, s.floor()).put("num_cycles", s.numCycles());
          if (s.warmupLrRate() != null) kwargs.put("warmup_lr_rate", s.warmupLrRate());
        }
        case WarmupStableDecay s -> {
          kwargs.put("num_decay_steps", s.numDecaySteps());
          putIfGiven(kwargs, "num_stable_steps", s.numStableSteps());
          kwargs
              .put("warmup_type", s.warmupType().wireName())
              .put("decay_type", s.decayType().wireName())
              .put("min_lr_ratio", s.minLrRatio())
              .put("num_cycles", s.numCycles());
        }
      }
    }

    private static ObjectNode write(ObjectNode kwargs, Floor floor) {
      return switch (floor) {
        case Floor.Rate rate -> kwargs.put("min_lr", rate.minLr());
        case Floor.Share share -> kwargs.put("min_lr_rate", share.minLrRate());
      };
    }

    private static void putIfGiven(ObjectNode kwargs, String key, @Nullable Integer value) {
      if (value != null) kwargs.put(key, value);
    }
  }
}
