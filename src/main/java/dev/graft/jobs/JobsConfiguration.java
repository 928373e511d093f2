package dev.graft.jobs;

import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Profile;

/** Settings of the queue. */
@Configuration(proxyBeanMethods = false)
@Profile("server")
@EnableConfigurationProperties(JobProperties.class)
class JobsConfiguration {}
