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
import org.springframework.modulith.Modulithic;

/**
 * Where Spring looks for beans: those of every role, and under the profile {@code server} all. The
 * program begins in {@code dev.graft.cli}.
 */
@SpringBootConfiguration
@Modulithic
@EnableAutoConfiguration
@ConfigurationPropertiesScan
@ComponentScan(useDefaultFilters = false, includeFilters = @Filter(EveryRole.class))
public class GraftApplication {
  @Configuration(proxyBeanMethods = false)
  @Profile("server")
  @ComponentScan(
      basePackageClasses = GraftApplication.class,
      excludeFilters = {
        @Filter(type = FilterType.CUSTOM, classes = TypeExcludeFilter.class),
        @Filter(type = FilterType.CUSTOM, classes = AutoConfigurationExcludeFilter.class)
      })
  static class Server {}
}
