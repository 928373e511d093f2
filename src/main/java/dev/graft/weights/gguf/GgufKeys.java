package dev.graft.weights.gguf;

import dev.graft.weights.BadModel;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The keys of a GGUF file, each read with its type and range; a wrong one is a BadModel. */
final class GgufKeys {
  private static final int MAX_TEXT = 1 << 16;

  private final String file;
  private final Map<String, GgufValue> values;

  GgufKeys(String file, Map<String, GgufValue> values) {
    this.file = file;
    this.values = values;
  }

  public boolean has(String key) {
    return values.containsKey(key);
  }

  public String requireText(String key) {
    String text = text(key);
    if (text == null) throw bad(key, "is missing");
    return text;
  }

  public @Nullable String text(String key) {
    return switch (values.get(key)) {
      case null -> null;
      case GgufValue.Text(String text) -> text;
      default -> throw bad(key, "is no string");
    };
  }

  public boolean flagOr(String key, boolean otherwise) {
    return switch (values.get(key)) {
      case null -> otherwise;
      case GgufValue.Flag(boolean flag) -> flag;
      default -> throw bad(key, "is neither true nor false");
    };
  }

  public int requireInt(String key, int min, int max) {
    Integer number = integer(key, min, max);
    if (number == null) throw bad(key, "is missing");
    return number;
  }

  public @Nullable Integer integer(String key, int min, int max) {
    return switch (values.get(key)) {
      case null -> null;
      case GgufValue.Whole(long number) when number >= min && number <= max -> (int) number;
      case GgufValue.Whole(long number) ->
          throw bad(key, "is %d, must be %d to %d".formatted(number, min, max));
      default -> throw bad(key, "is no integer; one for each layer is not supported");
    };
  }

  public double requireReal(String key, double above, double max) {
    Double number = real(key, above, max);
    if (number == null) throw bad(key, "is missing");
    return number;
  }

  /** A number in (above, max]. */
  public @Nullable Double real(String key, double above, double max) {
    return switch (values.get(key)) {
      case null -> null;
      case GgufValue.Real(double number) when number > above && number <= max -> number;
      case GgufValue.Real(double number) ->
          throw bad(key, "is %s, must be above %s and at most %s".formatted(number, above, max));
      default -> throw bad(key, "is no floating point number");
    };
  }

  /** Strings of a list; null when absent. */
  public @Nullable List<String> texts(String key, int max) {
    return switch (values.get(key)) {
      case null -> null;
      case GgufValue.Texts list -> {
        GgufCursor in = new GgufCursor(file, list.data());
        List<String> texts = new ArrayList<>();
        for (long i = 0; i < checked(key, list.count(), max); i++) {
          texts.add(in.text("string %d of %s".formatted(i, key), MAX_TEXT));
        }
        yield texts;
      }
      default -> throw bad(key, "is no list of strings");
    };
  }

  /** Numbers of a list; null when absent. */
  public float @Nullable [] numbers(String key, int max) {
    return switch (values.get(key)) {
      case null -> null;
      case GgufValue.Numbers list -> {
        float[] numbers = new float[checked(key, list.count(), max)];
        for (int i = 0; i < numbers.length; i++) numbers[i] = list.at(i).floatValue();
        yield numbers;
      }
      default -> throw bad(key, "is no list of numbers");
    };
  }

  private int checked(String key, long count, int max) {
    if (count > max) throw bad(key, "has %d entries, more than %d".formatted(count, max));
    return (int) count;
  }

  public BadModel bad(String key, String problem) {
    return new BadModel(file + ": " + key + " " + problem);
  }
}
