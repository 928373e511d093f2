package dev.graft;

import dev.graft.platform.EveryRole;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.AutoConfigurationExcludeFilter;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.context.TypeExcludeFilter;
import org.springframework.boot.context.properties.ConfigurationPropertiesScan;
import org.springframework.context.annotation.ComponentScan;
import org.springframework.context.annotation.ComponentScan.Filter;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.FilterType;
import org.springframework.context.annotation.Profile;
import org.springframework.data.jpa.repository.config.EnableJpaRepositories;
import org.springframework.data.jpa.repository.query.QueryEnhancerFactories;
import org.springframework.data.jpa.repository.query.QueryEnhancerSelector.DefaultQueryEnhancerSelector;
import org.springframework.data.repository.config.BootstrapMode;
import org.springframework.modulith.Modulithic;

/**
 * Where Spring looks for beans: those of every role, and under the profile {@code server} all. The
 * program begins in {@code dev.graft.cli}.
 */
@SpringBootConfiguration
@Modulithic
@EnableAutoConfiguration
@ConfigurationPropertiesScan({
  "dev.graft.adapters",
  "dev.graft.artifacts",
  "dev.graft.datasets",
  "dev.graft.evaluation",
  "dev.graft.inference",
  "dev.graft.jobs",
  "dev.graft.platform",
  "dev.graft.tenancy",
  "dev.graft.webhooks",
  "dev.graft.worker"
})
@ComponentScan(
    resourcePattern = GraftApplication.MODULES,
    useDefaultFilters = false,
    includeFilters = @Filter(EveryRole.class))
public class GraftApplication {
  /** Nearly half of all classes are in modules that have no beans, and are not read for them. */
  static final String MODULES =
      "{module:(?!(?:cli|client|kernels|model|spec|text|training|weights)$).*}/**/*.class";

  @Configuration(proxyBeanMethods = false)
  @Profile("server")
  @EnableJpaRepositories(
      bootstrapMode = BootstrapMode.LAZY,
      queryEnhancerSelector = CompleteQueries.class)
  @ComponentScan(
      basePackageClasses = GraftApplication.class,
      resourcePattern = MODULES,
      excludeFilters = {
        @Filter(type = FilterType.CUSTOM, classes = TypeExcludeFilter.class),
        @Filter(type = FilterType.CUSTOM, classes = AutoConfigurationExcludeFilter.class)
      })
  static class Server {}

  /**
   * Leaves queries as they are written, so that one whose result is a record has to construct it by
   * {@code select new}. Spring Data's own parser of HQL, which could rewrite them and is not needed
   * otherwise, takes time at every start.
   */
  static final class CompleteQueries extends DefaultQueryEnhancerSelector {
    CompleteQueries() {
      super(QueryEnhancerFactories.fallback(), QueryEnhancerFactories.fallback());
    }
  }
}
