package dev.graft.cli;

import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.Environment;
import org.springframework.core.env.PropertySource;
import org.springframework.core.env.StandardEnvironment;

/** The settings that a Graft on this machine would have, with where each comes from. */
final class EffectiveSettings {
  /** What else is in the environment and among Java's properties is not ours to tell. */
  private static final Pattern SETTING =
      Pattern.compile("(?i)(?:graft|spring|server|management|logging|djl|cuda|omp)[._].*");

  private static final Set<String> OF_EVERYBODY =
      Set.of(
          StandardEnvironment.SYSTEM_PROPERTIES_PROPERTY_SOURCE_NAME,
          StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME);

  private EffectiveSettings() {}

  /** Every one, with its value, secrets and all. */
  static Map<String, String> all(ConfigurableEnvironment environment) {
    Map<String, String> all = new TreeMap<>();
    environment.getPropertySources().forEach(source -> all.putAll(named(source, environment)));
    return all;
  }

  /** A line each, by source, the strongest source first; values of secrets are masked. */
  static String text(ConfigurableEnvironment environment) {
    StringBuilder text = new StringBuilder();
    for (PropertySource<?> source : environment.getPropertySources()) {
      Map<String, String> own = named(source, environment);
      if (own.isEmpty()) continue;
      text.append("# ").append(source.getName()).append('\n');
      own.forEach(
          (name, value) ->
              text.append(name)
                  .append('=')
                  .append(SecretScrubber.isSecret(name) ? SecretScrubber.MASKED : value)
                  .append('\n'));
    }
    return text.toString();
  }

  private static Map<String, String> named(PropertySource<?> source, Environment environment) {
    Map<String, String> named = new TreeMap<>();
    if (!(source instanceof EnumerablePropertySource<?> each)) return named;
    boolean chosen = OF_EVERYBODY.contains(source.getName());
    for (String name : each.getPropertyNames()) {
      if (chosen && !SETTING.matcher(name).matches()) continue;
      Object value = each.getProperty(name);
      if (value != null) named.put(name, resolved(value.toString(), environment));
    }
    return named;
  }

  private static String resolved(String value, Environment environment) {
    try {
      return environment.resolvePlaceholders(value);
    } catch (IllegalArgumentException circular) {
      return value;
    }
  }
}
