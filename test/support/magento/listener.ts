import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

/** A port on 127.0.0.1 that can be let go and taken again. */
export class Listener {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #port: number

  private constructor(server: Server, port: number) {
    this.#server = server
    this.#port = port
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    })
  }

  /** Listens on a port, or on any that is free if it is 0. */
  static async open(onRequest: RequestListener, port: number): Promise<Listener> {
    // No deadlines of its own: how long the other side waits is what tests are about.
    const settings = {
      keepAliveTimeout: 60_000,
      headersTimeout: 0,
      requestTimeout: 0,
      maxHeaderSize: 65_536,
    }
    const listener = new Listener(createServer(settings, onRequest), port)
    await listener.resume()
    return listener
  }

  get port(): number {
    return this.#port
  }

  /** Frees the port and ends every connection. Does nothing when that is done already. */
  async pause(): Promise<void> {
    if (!this.#server.listening) return
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  /** Takes the same port again. Does nothing when it has it. */
  async resume(): Promise<void> {
    if (this.#server.listening) return
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(this.#port, '127.0.0.1', () => {
        this.#server.removeListener('error', reject)
        resolve()
      })
    })
    this.#port = (this.#server.address() as AddressInfo).port
  }
}
