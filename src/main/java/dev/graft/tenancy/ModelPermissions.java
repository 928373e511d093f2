package dev.graft.tenancy;

import java.util.Set;

/** Which base models a department may start from. */
public sealed interface ModelPermissions {
  boolean allows(String model);

  /** No rule. */
  record Every() implements ModelPermissions {
    @Override
    public boolean allows(String model) {
      return true;
    }
  }

  /** These only: OpenAI's {@code allow_list}. */
  record Only(Set<String> models) implements ModelPermissions {
    public Only {
      models = Set.copyOf(models);
    }

    @Override
    public boolean allows(String model) {
      return models.contains(model);
    }
  }

  /** All but these: OpenAI's {@code deny_list}. */
  record AllBut(Set<String> models) implements ModelPermissions {
    public AllBut {
      models = Set.copyOf(models);
    }

    @Override
    public boolean allows(String model) {
      return !models.contains(model);
    }
  }
}
