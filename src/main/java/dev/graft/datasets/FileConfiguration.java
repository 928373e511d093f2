package dev.graft.datasets;

import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Profile;

@Configuration(proxyBeanMethods = false)
@Profile("server")
@EnableConfigurationProperties(FileSettings.class)
class FileConfiguration {}
