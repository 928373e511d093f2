package dev.graft.catalog;

/** Things that need a base model. Modules that have such things supply beans. */
public interface BaseModelUse {
  /** What they are called on the wire, in the plural. */
  String name();

  /** How many there are. */
  long count(String baseModel);
}
