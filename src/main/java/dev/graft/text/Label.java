package dev.graft.text;

import java.util.List;

/** What a row says of its text. */
public sealed interface Label {
  /** Names of classes; a number as it is called for one. */
  default List<String> words() {
    return switch (this) {
      case Name(String name) -> List.of(name);
      case Names(List<String> names) -> names;
      case Number(double value) ->
          List.of(value == Math.rint(value) ? Long.toString((long) value) : Double.toString(value));
    };
  }

  /** The one class that it belongs to. */
  record Name(String name) implements Label {}

  /** A number: what a regression predicts, or a class that is called so. */
  record Number(double value) implements Label {
    public Number {
      if (!Double.isFinite(value)) throw new IllegalArgumentException("a label is finite");
    }
  }

  /** Every class that it belongs to, maybe none. */
  record Names(List<String> names) implements Label {
    public Names {
      names = List.copyOf(names);
    }
  }
}
