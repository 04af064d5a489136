// SPDX-License-Identifier: Apache-2.0
#include "docker/image_description.hpp"
#include "docker/labels.hpp"
#include "docker/order.hpp"
#include "docker/secret_archive.hpp"
#include "docker/wire/json.hpp"

#include <gtest/gtest.h>

namespace berth::docker {
namespace {

broker::ContainerOrder good_order() {
    broker::ContainerOrder order;
    order.session = SessionId{"abcdefghijklmnopqrstuvwxyz"};
    order.generation = 3;
    order.owner.realm = "local";
    order.owner.subject = "ann";
    order.owner.slot = "desk";
    order.template_name = TemplateName{"desk"};
    order.spec.image = "img";
    order.spec.secret_target = "/run/berth/secret";
    order.rfb_secret = Secret{"s3cr3t42"};
    return order;
}

TEST(Order, LabelsLeadBackToTheIdentity) {
    auto labels = labels_for(good_order(), "lab", "0.1");
    EXPECT_EQ(labels.at("io.berth.owner"), "local/ann/desk");
    auto identity = identity_from(labels, "lab");
    ASSERT_TRUE(identity);
    EXPECT_EQ(identity->session, good_order().session);
    EXPECT_EQ(identity->generation, 3);
    EXPECT_FALSE(identity_from(labels, "labx"));
    for (const char* bad : {"", "0", "-1", "1x", "x", "99999999999"}) {
        labels[std::string{labels::generation}] = bad;
        EXPECT_FALSE(identity_from(labels, "lab")) << bad;
    }
    labels = labels_for(good_order(), "lab", "0.1");
    labels[std::string{labels::session}] = "../../etc";
    EXPECT_FALSE(identity_from(labels, "lab"));
    EXPECT_FALSE(identity_from({}, ""));
}

TEST(Order, RefusesWhatMustNeverReachAnEngine) {
    EXPECT_TRUE(check_order(good_order()));
    auto refuses = [](auto change) {
        auto order = good_order();
        change(order);
        auto status = check_order(order);
        return !status && status.error().code() == Errc::invalid_input;
    };
    using Order = broker::ContainerOrder;
    EXPECT_TRUE(refuses([](Order& o) { o.session = SessionId{"x"}; }));
    EXPECT_TRUE(refuses([](Order& o) { o.generation = 0; }));
    EXPECT_TRUE(refuses([](Order& o) { o.spec.env["A=B"] = "c"; }));
    EXPECT_TRUE(refuses([](Order& o) { o.spec.env[""] = "c"; }));
    EXPECT_TRUE(refuses([](Order& o) { o.spec.env["A"] = std::string("b\0c", 3); }));
    EXPECT_TRUE(refuses([](Order& o) { o.spec.endpoints.emplace_back(); }));
    for (const char* capability :
         {"ALL", "SYS_ADMIN", "CAP_SYS_ADMIN", "SYS_PTRACE", "SYS_MODULE", "net_raw", "", "A B"})
        EXPECT_TRUE(refuses([&](Order& o) { o.spec.cap_add.emplace_back(capability); }))
            << capability;
    for (const char* path : {"run/x", "/run/../x", "/run//x", "/", "/run/", "/a\nb"})
        EXPECT_TRUE(refuses([&](Order& o) { o.spec.secret_target = path; })) << path;
    for (const char* volume : {"", "x", "/etc", "../x", "-v", "a b", "a/b", "a:b"})
        EXPECT_TRUE(refuses([&](Order& o) { o.spec.volumes[volume] = "/data"; })) << volume;
    for (const char* place : {"", "/", "data", "/a/../etc", "/a//b"})
        EXPECT_TRUE(refuses([&](Order& o) { o.spec.volumes["files"] = place; })) << place;
    EXPECT_TRUE(refuses([](Order& o) { o.rfb_secret = Secret{}; }));
    EXPECT_TRUE(refuses([](Order& o) { o.spec.secret_uid = -1; }));
    EXPECT_TRUE(refuses([](Order& o) { o.spec.secret_delivery = session::SecretDelivery::env; })
    ); // a path
}

TEST(Order, PutsTheSecretIntoTheEnvironmentOnlyWhenAskedTo) {
    auto order = good_order();
    EXPECT_EQ(
        encode_container_config(container_config_for(order)).find("s3cr3t42"), std::string::npos
    );
    order.spec.secret_delivery = session::SecretDelivery::env;
    order.spec.secret_target = "VNC_PASSWORD";
    EXPECT_EQ(container_config_for(order).env.at("VNC_PASSWORD"), "s3cr3t42");
}

TEST(Order, TakesTheBestLogDriverThereIs) {
    EXPECT_EQ(choose_log_driver({"json-file", "local"}), "local");
    EXPECT_EQ(choose_log_driver({"journald", "json-file"}), "json-file");
    EXPECT_EQ(choose_log_driver({"journald"}), "");
}

TEST(ContainerConfig, SaysEverythingThatMattersForSafety) {
    ContainerConfig config;
    config.image = "img";
    config.network = "berth-lab";
    config.ports = {5900};
    config.memory_bytes = 1 << 30;
    auto value = parse_object(encode_container_config(config), "config");
    ASSERT_TRUE(value);
    JsonView view{*value};
    auto host = view["HostConfig"];
    EXPECT_EQ(host["CapDrop"].texts(), std::vector<std::string>{"ALL"});
    EXPECT_EQ(host["SecurityOpt"].texts(), std::vector<std::string>{"no-new-privileges"});
    EXPECT_EQ(host["Memory"].number(), host["MemorySwap"].number());
    EXPECT_TRUE(host["Init"].flag());
    EXPECT_EQ(host["RestartPolicy"]["Name"].text(), "no");
    EXPECT_EQ(host["NetworkMode"].text(), "berth-lab");
    EXPECT_EQ(host["LogConfig"]["Type"].text(), "local");
    auto binding = host["PortBindings"]["5900/tcp"].items().at(0);
    EXPECT_EQ(binding["HostIp"].text(), "127.0.0.1");
    EXPECT_EQ(binding["HostPort"].text(), "");
    EXPECT_TRUE(view["ExposedPorts"]["5900/tcp"].is_object());
    EXPECT_EQ(host["Ulimits"].items().at(0)["Name"].text(), "core");
}

TEST(ContainerConfig, MountsVolumesByNameOnly) {
    auto order = good_order();
    order.spec.volumes["files"] = "/data";
    ASSERT_TRUE(check_order(order));
    auto value = parse_object(encode_container_config(container_config_for(order)), "config");
    ASSERT_TRUE(value);
    JsonView view{*value};
    auto mount = view["HostConfig"]["Mounts"].items().at(0);
    EXPECT_EQ(mount["Type"].text(), "volume");
    EXPECT_EQ(mount["Source"].text(), "files");
    EXPECT_EQ(mount["Target"].text(), "/data");
}

TEST(ImageDescription, ReadsWhatAnImageSaysAboutItself) {
    auto image = describe_image(
        {{"io.berth.endpoint.desktop", "rfb:5900"},
         {"io.berth.endpoint.app", "web:8080"},
         {"io.berth.secret", "file:/run/berth/rfb_secret"},
         {"io.berth.resolution.env", "RESOLUTION"},
         {"io.berth.user", "1000"},
         {"maintainer", "somebody"}}
    );
    ASSERT_EQ(image.endpoints.size(), 2U);
    EXPECT_EQ(image.endpoints[0].name, "app");
    EXPECT_EQ(image.endpoints[1].protocol, session::Protocol::rfb);
    EXPECT_EQ(image.endpoints[1].port, 5900);
    EXPECT_EQ(image.secret_delivery, session::SecretDelivery::file);
    EXPECT_EQ(image.secret_target, "/run/berth/rfb_secret");
    EXPECT_EQ(image.resolution_env, "RESOLUTION");
    EXPECT_EQ(image.user_id, 1000);
    EXPECT_TRUE(image.problems.empty());
}

TEST(ImageDescription, NamesEveryLabelItDoesNotUnderstand) {
    auto image = describe_image(
        {{"io.berth.endpoint.a", "vnc:5900"},
         {"io.berth.endpoint.b", "rfb:0"},
         {"io.berth.endpoint.c", "rfb:70000"},
         {"io.berth.endpoint.D/../x", "rfb:5900"},
         {"io.berth.secret", "file:relative"},
         {"io.berth.resolution.env", "A=B"},
         {"io.berth.user", "-1"}}
    );
    EXPECT_EQ(image.problems.size(), 7U);
    EXPECT_TRUE(image.endpoints.empty());
    EXPECT_FALSE(image.secret_delivery);
}

TEST(SecretArchive, IsOneSmallFile) {
    auto tar = make_secret_archive("/run/berth/secret", 1000, Secret{"s3cr3t42"});
    ASSERT_TRUE(tar);
    EXPECT_EQ(tar->substr(0, 16), "run/berth/secret");
    EXPECT_NE(tar->find("s3cr3t42"), std::string::npos);
    EXPECT_EQ(tar->size() % 512, 0U);
    EXPECT_FALSE(make_secret_archive("/../etc/passwd", 0, Secret{"x"}));
    EXPECT_FALSE(make_secret_archive("/run/x", -1, Secret{"x"}));
}

} // namespace
} // namespace berth::docker
