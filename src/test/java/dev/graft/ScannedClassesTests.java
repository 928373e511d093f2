package dev.graft;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.annotation.Annotation;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.ConfigurationPropertiesScan;
import org.springframework.context.annotation.ClassPathScanningCandidateComponentProvider;
import org.springframework.core.type.filter.AnnotationTypeFilter;
import org.springframework.stereotype.Component;

/** A start reads half of the classes, and finds what all have. */
class ScannedClassesTests {
  private static final String ALL = "**/*.class";

  @Test
  void noBeanIsWhereNoneIsLookedFor() {
    Set<String> all = annotated(Component.class, ALL);
    Set<String> found = annotated(Component.class, GraftApplication.MODULES);
    assertThat(found).hasSizeGreaterThan(200);
    // of a command that starts no server
    assertThat(all.stream().filter(each -> !found.contains(each)))
        .containsExactlyInAnyOrder(
            "dev.graft.cli.ArtifactsCommand$StoreSettings$Read", "dev.graft.GraftApplication");
  }

  @Test
  void propertiesAreLookedForWhereSomeAreAndNowhereElse() {
    List<String> packages =
        List.of(GraftApplication.class.getAnnotation(ConfigurationPropertiesScan.class).value());
    Set<String> all = annotated(ConfigurationProperties.class, ALL);
    assertThat(all).allMatch(each -> packages.stream().anyMatch(in -> each.startsWith(in + ".")));
    assertThat(packages).allMatch(in -> all.stream().anyMatch(each -> each.startsWith(in + ".")));
  }

  private static Set<String> annotated(Class<? extends Annotation> annotation, String pattern) {
    ClassPathScanningCandidateComponentProvider scan =
        new ClassPathScanningCandidateComponentProvider(false);
    scan.setResourcePattern(pattern);
    scan.addIncludeFilter(new AnnotationTypeFilter(annotation));
    return scan.findCandidateComponents("dev.graft").stream()
        .filter(each -> !String.valueOf(each.getResourceDescription()).contains("test-classes"))
        .map(BeanDefinition::getBeanClassName)
        .collect(Collectors.toSet());
  }
}
