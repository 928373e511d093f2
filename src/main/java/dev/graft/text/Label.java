package dev.graft.text;

import java.util.List;

/** The label of a row. */
public sealed interface Label {
  /** Returns the names of classes; a number as the name of its class. */
  default List<String> words() {
    return switch (this) {
      case Name(String name) -> List.of(name);
      case Names(List<String> names) -> names;
      case Number(double value) ->
          List.of(value == Math.rint(value) ? Long.toString((long) value) : Double.toString(value));
    };
  }

  /** The name of a single class. */
  record Name(String name) implements Label {}

  /** A number: the target of a regression, or the name of a class. */
  record Number(double value) implements Label {
    public Number {
      if (!Double.isFinite(value)) throw new IllegalArgumentException("a label must be finite");
    }
  }

  /** The names of any number of classes. */
  record Names(List<String> names) implements Label {
    public Names {
      names = List.copyOf(names);
    }
  }
}
