package dev.graft.text;

import com.google.common.collect.SetMultimap;
import com.hubspot.jinjava.interpret.Context;
import java.util.Map;

/**
 * The variables of one rendering, above the tags and filters that all renderings share. Jinjava
 * tells each parent what was resolved; here that ends, so that the shared one is only read, by any
 * number of threads. Jinjava's own way, to copy it for each rendering, takes longer than the
 * rendering.
 */
final class RenderScope extends Context {
  RenderScope(Context shared, Map<String, ?> variables) {
    super(shared, variables);
  }

  @Override
  public void addResolvedExpression(String expression) {}

  @Override
  public void addResolvedValue(String value) {}

  @Override
  public void addResolvedFunction(String function) {}

  @Override
  public void addDependency(String type, String identification) {}

  @Override
  public void addDependencies(SetMultimap<String, String> dependencies) {}
}
