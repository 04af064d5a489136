// SPDX-License-Identifier: Apache-2.0
// MOCK_IMAGE: the template `desktop` is a real container of that image, with the labels the server gives it.
// For trying the pages, and the end-to-end test, against a real desktop without the server.
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import net from "node:net";
import { promisify } from "node:util";
import { DESECBCipher } from "../../node_modules/@novnc/novnc/core/crypto/des.js";

const run = promisify(execFile);
export const image = process.env.MOCK_IMAGE ?? "";

export async function startContainer(session) {
  const password = randomBytes(4).toString("hex");
  const { stdout } = await run("docker", [
    "run", "-d", "--init", "--label", `io.berth.session=${session.id}`, "--label", "io.berth.mock=1", "--shm-size", "256m",
    "-e", `VNC_PASSWORD=${password}`, "-p", "127.0.0.1::5900", image,
  ]);
  const id = stdout.trim();
  const { stdout: port } = await run("docker", ["port", id, "5900"]);
  return { id, password, port: Number(port.trim().split(":").pop()) };
}

export async function removeContainer({ id }) {
  await run("docker", ["rm", "-f", "-v", id]);
}

/** Reads exactly n bytes of a paused stream. */
async function read(socket, n) {
  for (;;) {
    const data = socket.read(n);
    if (data) return data;
    if (socket.readableEnded || socket.destroyed) throw new Error("the desktop closed the connection");
    await new Promise((resolve) => {
      const done = () => {
        for (const event of ["readable", "end", "close"]) socket.off(event, done);
        resolve();
      };
      for (const event of ["readable", "end", "close"]) socket.on(event, done);
    });
  }
}

/** A connection to the desktop that has passed VNC authentication and waits for ClientInit. */
async function authenticated(port, password) {
  const socket = net.connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  await read(socket, 12);
  socket.write("RFB 003.008\n");
  const types = await read(socket, (await read(socket, 1))[0]);
  if (!types.includes(2)) throw new Error("the desktop does not offer VNC authentication");
  socket.write(Buffer.from([2]));
  const challenge = await read(socket, 16);
  const cipher = DESECBCipher.importKey([...Buffer.from(password, "latin1")], { name: "DES-ECB" }, false, ["encrypt"]);
  socket.write(Buffer.from(cipher.encrypt({ name: "DES-ECB" }, challenge)));
  if ((await read(socket, 4)).readUInt32BE(0) !== 0) throw new Error("the desktop refused the password");
  return socket;
}

export async function waitForDesktop(container, limitMs = 20_000) {
  const end = Date.now() + limitMs;
  for (;;) {
    try {
      (await authenticated(container.port, container.password)).destroy();
      return;
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** Speaks "None" to the browser and relays after the desktop has let us in. */
export async function bridge(ws, container) {
  let buffer = Buffer.alloc(0);
  let tcp = null;
  ws.send(Buffer.from("RFB 003.008\n"));
  const greeting = [12, 1]; // version, chosen security type
  let stage = 0;
  ws.on("message", (data) => {
    if (tcp) return void tcp.write(data);
    buffer = Buffer.concat([buffer, data]);
    while (stage < 2 && buffer.length >= greeting[stage]) {
      buffer = buffer.subarray(greeting[stage]);
      ws.send(stage === 0 ? Buffer.from([1, 1]) : Buffer.alloc(4));
      stage++;
    }
    if (stage === 2) connect();
  });
  const connect = async () => {
    stage = 3;
    try {
      tcp = await authenticated(container.port, container.password);
    } catch {
      return ws.close(4502, "host");
    }
    tcp.write(buffer);
    tcp.on("data", (data) => ws.readyState === ws.OPEN && ws.send(data));
    tcp.on("close", () => ws.close(4502, "host"));
    tcp.resume();
  };
  ws.on("close", () => tcp?.destroy());
}
